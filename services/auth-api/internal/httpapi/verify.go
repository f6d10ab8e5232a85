package httpapi

import (
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/httpapi/forward"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// addVerify has Fiber know the path, so that other methods are answered 405. GET and HEAD
// are answered by the door, before Fiber.
func (s *Server) addVerify(doc openapi.Document) {
	s.app.Get(route.Verify, func(*fiber.Ctx) error { return fiber.ErrNotFound })
	forward.Describe(doc)
}
