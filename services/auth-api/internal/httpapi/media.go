package httpapi

import (
	"mime"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
)

// media is the media type of the body, in lower case (RFC 9110, section 8.3.1).
// It is empty if there is none, if it cannot be read, or if it names a character
// encoding other than the one in which bodies are read.
func media(c *fiber.Ctx) string {
	name, parameters, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil {
		return ""
	}
	switch strings.ToLower(parameters["charset"]) {
	case "", "utf-8", "utf8", "us-ascii":
		return name
	}
	return ""
}

// isIdentity says whether the body is sent as it is: Content-Encoding lists
// nothing else (RFC 9110, section 8.4).
func isIdentity(c *fiber.Ctx) bool {
	for _, line := range c.Request().Header.PeekAll(fiber.HeaderContentEncoding) {
		for coding := range strings.SplitSeq(string(line), ",") {
			if coding = strings.Trim(coding, " \t"); coding != "" && !strings.EqualFold(coding, "identity") {
				return false
			}
		}
	}
	return true
}

// readable refuses what an operation could read in two ways, or not at all. A
// body must say that it is JSON: a page of any origin may send one that says
// nothing, without a preflight.
func readable(ctx huma.Context, next func(huma.Context)) {
	c := humafiber.UnwrapV2(ctx)
	if err := readableQuery(c, ctx.Operation()); err != nil {
		_ = writeProblem(c, problemOf(err))
		return
	}
	if ctx.Operation().RequestBody != nil && len(c.Request().Body()) > 0 {
		if media(c) != fiber.MIMEApplicationJSON {
			_ = writeProblem(c, problemOf(unsupportedMediaType()))
			return
		}
		// Huma does not read the blanks and parameters that may stand here.
		c.Request().Header.SetContentType(fiber.MIMEApplicationJSON)
	}
	// There is one format, whatever Accept prefers: huma would call it "json".
	c.Request().Header.Del(fiber.HeaderAccept)
	next(ctx)
}

// readableQuery takes each parameter that the operation has, once. Were others
// ignored, a misspelt all=true would end fewer sessions than was asked for. (Huma
// can refuse them too, but panics if Go does not take the URL for one.)
func readableQuery(c *fiber.Ctx, op *huma.Operation) error {
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
