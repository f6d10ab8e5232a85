// Package clients makes clients from the API's OpenAPI document, one in Go and one in
// TypeScript, and goes through an account's life with each. A document that promises
// something else than the service answers does not compile here, or does not run.
package clients
