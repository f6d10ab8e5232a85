package httpapi

import (
	"bytes"
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
)

// exactPath refuses a request line in which the path is not written as the route
// that Fiber found: fasthttp takes //x/verify for a URL without a scheme if there
// is no Host, and cuts off fragments. A gateway's rules by path would see another
// path.
func exactPath(c *fiber.Ctx) error {
	if isExact(c) {
		return c.Next()
	}
	if c.Method() == fiber.MethodOptions && string(c.Request().Header.RequestURI()) == "*" {
		// Of the server as a whole (RFC 9110, section 9.3.7).
		c.Set(fiber.HeaderAllow, corsMethods+", "+fiber.MethodOptions)
		return c.SendStatus(fiber.StatusNoContent)
	}
	return fault.New(fault.RouteNotFound, "There is nothing at this path. Write it as /docs shows it: in that case, with no slash at the end and nothing percent-encoded.")
}

// isExact says whether the request's target (RFC 9112, section 3.2) is the path,
// or a URL with the path, and perhaps a query.
func isExact(c *fiber.Ctx) bool {
	target, _, _ := bytes.Cut(c.Request().Header.RequestURI(), []byte("?"))
	if len(target) == 0 || target[0] != '/' {
		for _, scheme := range []string{"http://", "https://"} {
			if len(target) > len(scheme) && bytes.EqualFold(target[:len(scheme)], []byte(scheme)) {
				host, _, _ := bytes.Cut(target[len(scheme):], []byte("/"))
				target = target[len(scheme)+len(host):]
				break
			}
		}
	}
	return string(target) == c.Path()
}

// answerOptions tells which methods a path has (RFC 9110, section 9.3.7); but of
// GET /verify, see door.refuse.
func answerOptions(c *fiber.Ctx) error {
	err := c.Next()
	if err != fiber.ErrMethodNotAllowed || c.Path() == verifyPath {
		return err
	}
	c.Append(fiber.HeaderAllow, fiber.MethodOptions)
	if c.Method() == fiber.MethodOptions {
		return c.SendStatus(fiber.StatusNoContent)
	}
	return err
}

// headToo has HEAD answered wherever GET is (RFC 9110, section 9.1), as Fiber's
// Get does; huma adds its routes one method at a time.
type headToo struct{ fiber.Router }

// Add adds a route.
func (r headToo) Add(method, path string, handlers ...fiber.Handler) fiber.Router {
	if method == fiber.MethodGet {
		return r.Get(path, handlers...)
	}
	return r.Router.Add(method, path, handlers...)
}

// encodeLine is JSON that ends with a newline and leaves <, > and & as they are, for
// people at a terminal.
func encodeLine(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return b.Bytes(), err
}
