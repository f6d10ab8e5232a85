// Package contract checks answers against the OpenAPI document of the service that sent
// them. Tests send requests through its Transport, which checks every answer: its status,
// its media type and each field of its body.
package contract
