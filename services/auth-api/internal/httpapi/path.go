package httpapi

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// exactPath refuses paths that could be taken for another one. A gateway's rules
// by path hold only if each path has one spelling, and it is ours.
func exactPath(c *fiber.Ctx) error {
	if c.Method() == fiber.MethodOptions && string(c.Request().Header.RequestURI()) == "*" {
		// Of the server as a whole (RFC 9110, section 9.3.7).
		c.Set(fiber.HeaderAllow, corsMethods+", "+fiber.MethodOptions)
		return c.SendStatus(fiber.StatusNoContent)
	}
	if !isExact(c) {
		return fault.New(fault.RouteNotFound, "There is nothing at this path. Write it as /docs shows it: in that case, without a slash at the end, and with nothing percent-encoded.")
	}
	return c.Next()
}

// isExact says whether the path that Fiber looks for is the one that the request's
// target says (RFC 9112, section 3.2), a path or a URL, and is spelt as ours are.
// The two may differ: without a Host, fasthttp takes //x/verify for a URL that
// lacks a scheme, and it cuts off fragments.
func isExact(c *fiber.Ctx) bool {
	target, _, _ := bytes.Cut(c.Request().Header.RequestURI(), []byte("?"))
	for _, scheme := range []string{"http://", "https://"} {
		if len(target) > len(scheme) && bytes.EqualFold(target[:len(scheme)], []byte(scheme)) {
			host, _, _ := bytes.Cut(target[len(scheme):], []byte("/"))
			target = target[len(scheme)+len(host):]
			break
		}
	}
	return string(target) == c.Path() && isPlain(c.Path())
}

// isPlain says whether a path has the characters that ours have, and no segment
// that is empty or made of dots.
func isPlain(path string) bool {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if strings.Trim(segment, ".") == "" && path != "/" {
			return false
		}
	}
	for i := range len(path) {
		c := path[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && strings.IndexByte("/-_.", c) < 0 {
			return false
		}
	}
	return true
}

// answerOptions tells which methods a path has (RFC 9110, section 9.3.7); but of
// GET /verify, see forward.Door.
func answerOptions(c *fiber.Ctx) error {
	err := c.Next()
	if err != fiber.ErrMethodNotAllowed || c.Path() == route.Verify {
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
