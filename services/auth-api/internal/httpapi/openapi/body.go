package openapi

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

// Form describes a body of form parameters.
func Form(required []string, properties map[string]*huma.Schema) *huma.RequestBody {
	return body(fiber.MIMEApplicationForm, required, properties)
}

// JSON describes a body that is a JSON object.
func JSON(required []string, properties map[string]*huma.Schema) *huma.RequestBody {
	return body(fiber.MIMEApplicationJSON, required, properties)
}

func body(mediaType string, required []string, properties map[string]*huma.Schema) *huma.RequestBody {
	object := &huma.Schema{Type: "object", Required: required, Properties: properties}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaType: {Schema: object}}}
}

// Text is the schema of a string.
func Text(doc string) *huma.Schema { return &huma.Schema{Type: "string", Description: doc} }

// Pointer is for optional values of huma.
func Pointer[T any](v T) *T { return &v }
