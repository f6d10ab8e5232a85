// Package clients tries auth-api with programs that nobody here wrote.
//
// clients_test.go makes clients from the OpenAPI document, one in Go and one in TypeScript, and
// goes through an account's life with each: a document that promises something else than the
// service answers does not compile there, or does not run. relying_test.go signs people in with
// relying parties from npm. peer_test.go sends the same requests, good and bad, to auth-api and to
// another authorization server, and knows each difference with its reason.
package clients
