package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
)

// answerError answers what Fiber itself refuses, and handlers' errors. OAuth's
// endpoints have errors of their own form.
func (s *Server) answerError(c *fiber.Ctx, err error) error {
	if _, begun := c.UserContext().Value(requestKey).(*request); !begun {
		// Refused before any middleware, while the request was being read.
		s.begin(c)
	}
	err = fromFiber(err)
	if strings.HasPrefix(c.Path(), oauthPrefix) && fault.CodeOf(err) != fault.RouteNotFound {
		return s.refuseOAuth(c, err)
	}
	return writeProblem(c, problemOf(err))
}

func writeProblem(c *fiber.Ctx, p *Problem) error {
	keepProblem(c, p)
	for name, values := range p.header {
		for _, value := range values {
			c.Set(name, value)
		}
	}
	return c.Status(p.Status).JSON(p, problemType)
}

func fromFiber(err error) error {
	var f *fiber.Error
	if !errors.As(err, &f) {
		return err
	}
	switch f.Code {
	case http.StatusNotFound:
		return fault.New(fault.RouteNotFound, "There is nothing at this path. /docs lists what there is.")
	case http.StatusMethodNotAllowed:
		return fault.New(fault.MethodNotAllowed, "This path has no such method; Allow lists those it has.")
	case http.StatusRequestEntityTooLarge:
		return bodyTooLarge()
	case http.StatusUnsupportedMediaType:
		return unsupportedMediaType()
	}
	if f.Code >= 400 && f.Code < 500 {
		return fault.New(fault.MalformedRequest, "The request cannot be read.")
	}
	return err
}

func bodyTooLarge() error {
	return fault.New(fault.BodyTooLarge, "The body is larger than this route needs: 4 KiB, or 8 KiB for a batch of tokens.")
}

func unsupportedMediaType() error {
	return fault.New(fault.UnsupportedMediaType, "Send the body as JSON, with Content-Type: application/json.")
}

// fromHuma turns an error of huma's into a problem. Huma repeats what was sent,
// which may be a password, so only where it was and why are taken over.
func fromHuma(ctx huma.Context, _ string, body any) (any, error) {
	model, is := body.(*huma.ErrorModel)
	if !is {
		return body, nil
	}
	p := problemOf(faultOf(model))
	keepIn(ctx.Context(), p)
	return p, nil
}

func faultOf(model *huma.ErrorModel) error {
	switch model.Status {
	case http.StatusUnsupportedMediaType:
		return unsupportedMediaType()
	case http.StatusRequestEntityTooLarge:
		return bodyTooLarge()
	case http.StatusBadRequest:
		for _, detail := range model.Errors {
			switch f := bodyFault(detail.Message); f {
			case notUTF8, byteOrderMark, repeatedField, notJSON:
				return fault.New(fault.MalformedRequest, string(f))
			}
		}
		return fault.New(fault.MalformedRequest, "The body is not the JSON object that this route takes.")
	case http.StatusUnprocessableEntity:
		f := fault.New(fault.ValidationFailed, "The request is not acceptable; see errors.")
		for _, detail := range model.Errors {
			f.Fields = append(f.Fields, fieldOf(detail))
		}
		return f
	default:
		return errors.New(model.Detail)
	}
}

// fieldOf keeps the location and one of a few reasons.
func fieldOf(d *huma.ErrorDetail) fault.Field {
	switch {
	case strings.HasPrefix(d.Message, "unexpected property"):
		return fault.Field{Location: "body", Reason: "unknown_field", Detail: "Leave out fields that this route does not take."}
	case strings.HasPrefix(d.Message, "expected required property"):
		return fault.Field{Location: d.Location, Reason: "required", Detail: "This lacks a field: " + strings.TrimSuffix(strings.TrimPrefix(d.Message, "expected required property "), " to be present") + "."}
	case strings.HasPrefix(d.Message, "expected "):
		return fault.Field{Location: d.Location, Reason: "wrong_type", Detail: "This is of another type or form than the route takes; /docs shows it."}
	default:
		return fault.Field{Location: d.Location, Reason: "invalid", Detail: "This is not acceptable; /docs shows what is."}
	}
}
