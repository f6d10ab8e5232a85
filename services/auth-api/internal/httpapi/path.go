package httpapi

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// exactPath refuses every spelling of a path but one. A gateway's rules by path would
// not match another spelling, so that requests could get past them.
func exactPath(c *fiber.Ctx) error {
	if c.Method() == fiber.MethodOptions && string(c.Request().Header.RequestURI()) == "*" {
		// OPTIONS * asks about the server as a whole (RFC 9110, section 9.3.7).
		c.Set(fiber.HeaderAllow, corsMethods+", "+fiber.MethodOptions)
		return c.SendStatus(fiber.StatusNoContent)
	}
	if !isExact(c) {
		return fault.New(fault.RouteNotFound, "There is nothing at this path. Write it exactly as /docs shows it: in the same case, without a slash at the end, and without percent-encoding.")
	}
	return c.Next()
}

// isExact says whether the path that Fiber matches is exactly the path of the request's
// target (RFC 9112, section 3.2), which may be a path or a URL, and has no other
// spelling. The two may differ: without a Host, fasthttp takes //x/verify for a URL
// without a scheme, and it cuts off fragments.
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

// isPlain says whether a path has only letters, digits and /-_. , and no segment that
// is empty or consists of dots.
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

// answerOptions answers OPTIONS with the methods of a path (RFC 9110, section 9.3.7).
// On /verify OPTIONS stays 405, see forward.Door.refuse.
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

// headToo answers HEAD wherever GET is answered (RFC 9110, section 9.1). Fiber's Get
// does so too, but huma adds its routes one method at a time.
type headToo struct{ fiber.Router }

// Add adds a route, and with GET also HEAD.
func (r headToo) Add(method, path string, handlers ...fiber.Handler) fiber.Router {
	if method == fiber.MethodGet {
		return r.Get(path, handlers...)
	}
	return r.Router.Add(method, path, handlers...)
}

// encodeLine encodes JSON for people at a terminal: with a newline at the end, and with
// <, > and & unescaped.
func encodeLine(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return b.Bytes(), err
}
