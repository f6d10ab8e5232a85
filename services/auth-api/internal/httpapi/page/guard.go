package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
)

const (
	formLabel = "form"
	keyIDSize = 2
	// The names of fields that several forms have.
	tokenField, requestField = "form", "request"
)

// form is a form that was sent from one of our pages.
type form struct{ url.Values }

// formOf reads a form, which must come from a page of this service. Faults:
// malformed_request, unsupported_media_type.
func (s *Service) formOf(c *fiber.Ctx) (form, error) {
	if !s.isOurs(c) {
		return form{}, fault.New(fault.MalformedRequest, "This form was sent from another site. Open "+s.Issuer+" and go on from there.")
	}
	values, err := valuesOf(c)
	return form{values}, err
}

// formFor reads a form, who has sent it, and for which app. Faults: those of formOf, visit and
// asked.
func (s *Service) formFor(c *fiber.Ctx) (f form, v visit, a asked, err error) {
	if f, err = s.formOf(c); err != nil {
		return f, v, a, err
	}
	if v, err = s.visit(c); err != nil {
		return f, v, a, err
	}
	a, err = s.asked(c.UserContext(), v, f.Get(requestField))
	return f, v, a, err
}

// formToSignIn is formFor for a sign-in, which goes on without the app if what the app asked for is
// too old: said tells the person so. Faults: the others of formFor.
func (s *Service) formToSignIn(c *fiber.Ctx) (f form, v visit, a asked, said notice, err error) {
	if f, v, a, err = s.formFor(c); fault.CodeOf(err) == fault.RequestExpired {
		return f, v, a, expired, nil
	}
	return f, v, a, "", err
}

// visitFor reads what a page needs: the visit, and the authorization request that it is about.
func (s *Service) visitFor(c *fiber.Ctx) (v visit, a asked, err error) {
	if v, err = s.visit(c); err != nil {
		return v, a, err
	}
	a, err = s.asked(c.UserContext(), v, c.Query(requestField))
	return v, a, err
}

// isOurs says whether a form comes from a page of this service. Browsers say so in
// Sec-Fetch-Site, but not over http, and in Origin.
func (s *Service) isOurs(c *fiber.Ctx) bool {
	switch c.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		return c.Get(fiber.HeaderOrigin) == s.Issuer
	}
	return false
}

// valuesOf reads a form, whoever has sent it.
func valuesOf(c *fiber.Ctx) (url.Values, error) {
	if request.Media(c) != fiber.MIMEApplicationForm {
		return nil, fault.New(fault.UnsupportedMediaType, "Send a form in UTF-8.")
	}
	return parse(string(c.Request().Body()))
}

// parse reads a query or the body of a form. Fault: malformed_request.
func parse(text string) (url.Values, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		// Do not wrap err: it repeats a part of the form.
		return nil, fault.New(fault.MalformedRequest, "The link or the form cannot be read: its encoding is wrong.")
	}
	for name, all := range values {
		for _, value := range append(all, name) {
			if !utf8.ValidString(value) {
				return nil, fault.New(fault.MalformedRequest, "The link or the form is not UTF-8.")
			}
		}
	}
	return values, nil
}

// formToken is what makes a form ours: whoever knows it has read a page that was made for
// this browser, and for this session where there is one. Forms of a session are void in the
// next, so that nobody answers for another account.
func (s *Service) formToken(browser string, session uuid.UUID) string {
	id, key := s.Ring.Derive(formLabel)
	return id + macOf(key, browser, session)
}

// fits says whether a form was made for the browser and the session.
func (s *Service) fits(f form, browser string, session uuid.UUID) bool {
	text := f.Get(tokenField)
	if len(text) <= keyIDSize {
		return false
	}
	key, err := s.Ring.DeriveWith(text[:keyIDSize], formLabel)
	return err == nil && hmac.Equal([]byte(text[keyIDSize:]), []byte(macOf(key, browser, session)))
}

func macOf(key []byte, browser string, session uuid.UUID) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(browser))
	mac.Write(session[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
