package httpapi

import (
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/httpapi/forward"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// addVerify registers the path with Fiber, so that other methods get 405. The door
// answers GET and HEAD before Fiber sees them.
func (s *Server) addVerify(doc openapi.Document) {
	s.app.Get(route.Verify, func(*fiber.Ctx) error { return fiber.ErrNotFound })
	forward.Describe(doc)
}
