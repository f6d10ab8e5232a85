package rest

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/strictjson"
)

// fromHuma turns an error of huma into a problem. Huma's errors repeat parts of the
// request, which may be a password, so only the location and the reason are taken over.
func fromHuma(ctx huma.Context, _ string, body any) (any, error) {
	model, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}
	p := problem.Of(faultOf(model))
	request.Note(ctx.Context(), p)
	return p, nil
}

func faultOf(model *huma.ErrorModel) error {
	switch model.Status {
	case http.StatusUnsupportedMediaType:
		return problem.NotJSON()
	case http.StatusRequestEntityTooLarge:
		return problem.BodyTooLarge()
	case http.StatusBadRequest:
		for _, detail := range model.Errors {
			switch f := strictjson.Fault(detail.Message); f {
			case strictjson.NotUTF8, strictjson.ByteOrderMark, strictjson.RepeatedField, strictjson.NotJSON:
				return fault.New(fault.MalformedRequest, string(f))
			}
		}
		return fault.New(fault.MalformedRequest, "The body is not the JSON object that this route expects.")
	case http.StatusUnprocessableEntity:
		f := fault.New(fault.ValidationFailed, "The request is not valid; errors says where.")
		for _, detail := range model.Errors {
			f.Fields = append(f.Fields, fieldOf(detail))
		}
		return f
	default:
		return errors.New(model.Detail)
	}
}

// fieldOf keeps the location of an error, and one of a few reasons.
func fieldOf(d *huma.ErrorDetail) fault.Field {
	switch {
	case strings.HasPrefix(d.Message, "unexpected property"):
		return fault.Field{Location: "body", Reason: "unknown_field", Detail: "Leave out fields that this route does not have."}
	case strings.HasPrefix(d.Message, "expected required property"):
		return fault.Field{Location: d.Location, Reason: "required", Detail: "A field is missing: " + strings.TrimSuffix(strings.TrimPrefix(d.Message, "expected required property "), " to be present") + "."}
	case strings.HasPrefix(d.Message, "expected "):
		return fault.Field{Location: d.Location, Reason: "wrong_type", Detail: "The value has the wrong type or format; /docs shows the right one."}
	default:
		return fault.Field{Location: d.Location, Reason: "invalid", Detail: "The value is not valid; /docs shows what is."}
	}
}
