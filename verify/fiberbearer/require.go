package fiberbearer

import (
	"bytes"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"auth.books.test/verify/bearer"
)

// Require lets requests through whose token is for the guard's API and has all of the
// scopes. The handler gets the principal from bearer.FromContext(c.UserContext()).
func Require(g *bearer.Guard, scopes ...string) fiber.Handler {
	scopes = slices.Clone(scopes)
	return func(c *fiber.Ctx) error {
		who, refusal := g.Check(c.UserContext(), Credentials(c), scopes...)
		if refusal != nil {
			return answer(c, refusal)
		}
		c.SetUserContext(bearer.NewContext(c.UserContext(), who))
		return c.Next()
	}
}

// Credentials returns a copy of a request's credentials, because Fiber reuses its
// buffers.
func Credentials(c *fiber.Ctx) bearer.Credentials {
	headers := c.Request().Header.PeekAll(fiber.HeaderAuthorization)
	out := bearer.Credentials{Headers: len(headers), InURL: inURL(c.Request())}
	if len(headers) > 0 {
		out.Authorization = string(headers[0])
	}
	return out
}

// inURL parses the URL only if it may contain access_token, perhaps percent-encoded.
func inURL(r *fasthttp.Request) bool {
	const name = "access_token"
	raw := r.Header.RequestURI()
	return (bytes.Contains(raw, []byte(name)) || bytes.IndexByte(raw, '%') >= 0) && r.URI().QueryArgs().Has(name)
}

func answer(c *fiber.Ctx, r *bearer.Refusal) error {
	for name, values := range r.Header() {
		c.Set(name, values[0])
	}
	return c.Status(r.Status).Send(r.Body())
}
