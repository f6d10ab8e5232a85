package request

import (
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// AnswerOAuth answers with an error in OAuth's form (RFC 6749, section 5.2), and records
// the problem for the log line. A client that cannot be authenticated is told of Basic if it
// has sent an Authorization header, or where nothing else is supported.
func AnswerOAuth(c *fiber.Ctx, err error) error {
	p := problem.Of(err)
	r, _ := Of(c.UserContext())
	r.Problem = p
	for name, values := range p.GetHeaders() {
		c.Set(name, values[0])
	}
	onlyBasic := strings.HasPrefix(c.Path(), route.Introspect)
	if p.Code == fault.InvalidClient && (onlyBasic || c.Get(fiber.HeaderAuthorization) != "") {
		c.Set(fiber.HeaderWWWAuthenticate, fmt.Sprintf("Basic realm=%q", r.Realm))
	}
	c.Set(fiber.HeaderPragma, "no-cache") // RFC 6749, section 5.2
	status, body := p.OAuth()
	return c.Status(status).JSON(body)
}
