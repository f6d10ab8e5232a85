// Package contract holds answers against the OpenAPI document of the service
// that gave them. Tests send through its Transport, so that every answer of
// every test is one that the document describes: its status, its media type and
// each field of its body.
package contract
