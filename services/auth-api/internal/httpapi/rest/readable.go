package rest

import (
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
)

// readable refuses requests that are ambiguous or cannot be read. A body must have JSON as
// its media type: a page of any origin can send a body without one, and without a
// preflight.
func readable(ctx huma.Context, next func(huma.Context)) {
	c := humafiber.UnwrapV2(ctx)
	if err := checkQuery(c, ctx.Operation()); err != nil {
		_ = request.Answer(c, problem.Of(err))
		return
	}
	if ctx.Operation().RequestBody != nil && len(c.Request().Body()) > 0 {
		if request.Media(c) != fiber.MIMEApplicationJSON {
			_ = request.Answer(c, problem.Of(problem.NotJSON()))
			return
		}
		// Huma does not understand the blanks and parameters that the header may have.
		c.Request().Header.SetContentType(fiber.MIMEApplicationJSON)
	}
	// Answers are JSON, whatever Accept says. Huma would name the media type "json".
	c.Request().Header.Del(fiber.HeaderAccept)
	next(ctx)
}

// checkQuery refuses unknown and repeated parameters. If they were ignored, a misspelt
// all=true would end fewer sessions than was asked for. (Huma can refuse them too, but
// panics if Go cannot parse the URL.)
func checkQuery(c *fiber.Ctx, op *huma.Operation) error {
	values, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil {
		return fault.New(fault.MalformedRequest, "The query of the URL cannot be parsed: its percent-encoding is wrong, or it has a semicolon.")
	}
	for name, given := range values {
		if !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "query" && p.Name == name }) {
			f := fault.New(fault.ValidationFailed, "The request is not valid; errors says where.")
			f.Fields = []fault.Field{{Location: "query", Reason: "unknown_parameter", Detail: "Leave out parameters that this route does not have."}}
			return f
		}
		if len(given) > 1 || given[0] == "" {
			return fault.New(fault.MalformedRequest, "The query of the URL has a parameter that is repeated or has no value.")
		}
	}
	return nil
}
