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

// readable refuses what an operation could read in two ways, or not at all. A
// body must say that it is JSON: a page of any origin may send one that says
// nothing, without a preflight.
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
		// Huma does not read the blanks and parameters that may stand here.
		c.Request().Header.SetContentType(fiber.MIMEApplicationJSON)
	}
	// There is one format, whatever Accept prefers: huma would call it "json".
	c.Request().Header.Del(fiber.HeaderAccept)
	next(ctx)
}

// checkQuery takes each parameter that the operation has, once. Were others
// ignored, a misspelt all=true would end fewer sessions than was asked for. (Huma
// can refuse them too, but panics if Go does not take the URL for one.)
func checkQuery(c *fiber.Ctx, op *huma.Operation) error {
	values, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil {
		return fault.New(fault.MalformedRequest, "The query of the URL cannot be read: its percent-encoding is wrong, or it has a semicolon.")
	}
	for name, given := range values {
		if !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "query" && p.Name == name }) {
			f := fault.New(fault.ValidationFailed, "The request is not acceptable; see errors.")
			f.Fields = []fault.Field{{Location: "query", Reason: "unknown_parameter", Detail: "Leave out parameters that this route does not take."}}
			return f
		}
		if len(given) > 1 || given[0] == "" {
			return fault.New(fault.MalformedRequest, "The query of the URL has a parameter without a value, or more than once.")
		}
	}
	return nil
}
