package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// answerError answers errors of handlers and of Fiber itself: as problem details, under
// /oauth in OAuth's form, and those of pages as pages.
func (s *Server) answerError(c *fiber.Ctx, err error) error {
	if _, begun := request.Of(c.UserContext()); !begun {
		// Fiber refused the request before any middleware ran.
		s.begin(c)
	}
	err = fromFiber(err)
	// The path of what could not be read is not known. It looks like that of the first page.
	unread := c.Path() == route.Home && c.Context().UserValue(refusalKey{}) != nil
	if s.isPage(c.Path()) && !unread {
		return s.pages.Answer(c, err)
	}
	if strings.HasPrefix(c.Path(), route.OAuth) && fault.CodeOf(err) != fault.RouteNotFound {
		return request.AnswerOAuth(c, err)
	}
	return request.Answer(c, problem.Of(err))
}

func fromFiber(err error) error {
	var f *fiber.Error
	if !errors.As(err, &f) {
		return err
	}
	switch f.Code {
	case http.StatusNotFound:
		return fault.New(fault.RouteNotFound, "There is nothing at this path. /docs lists what there is.")
	case http.StatusMethodNotAllowed:
		return fault.New(fault.MethodNotAllowed, "This path does not support the method. The Allow header lists those it supports.")
	case http.StatusRequestEntityTooLarge:
		return problem.BodyTooLarge()
	case http.StatusUnsupportedMediaType:
		return problem.NotJSON()
	}
	if f.Code >= 400 && f.Code < 500 {
		return fault.New(fault.MalformedRequest, "The request cannot be read.")
	}
	return err
}
