package request

import (
	"fmt"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
)

// AnswerOAuth answers with an error in OAuth's form (RFC 6749, section 5.2), and records
// the problem for the log line.
func AnswerOAuth(c *fiber.Ctx, err error) error {
	p := problem.Of(err)
	r, _ := Of(c.UserContext())
	r.Problem = p
	for name, values := range p.GetHeaders() {
		c.Set(name, values[0])
	}
	if p.Code == fault.InvalidClient {
		c.Set(fiber.HeaderWWWAuthenticate, fmt.Sprintf("Basic realm=%q", r.Realm))
	}
	status, body := p.OAuth()
	return c.Status(status).JSON(body)
}
