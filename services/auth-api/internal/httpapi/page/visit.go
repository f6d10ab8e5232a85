package page

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/oauth"
	"auth.books.test/verify"
)

// visit is what is known of whoever sent a request.
type visit struct {
	// browser is the secret in the browser's cookie.
	browser string
	// person is the zero Person if nobody is signed in.
	person oauth.Person
	// scopes are what the session may do: all that the person may.
	scopes []string
	// name is how the person wants to be called; may be empty.
	name string
}

func (v visit) signedIn() bool { return v.person.Session != uuid.Nil }

// as puts the person, if there is one, into the context as the one who acts.
func (v visit) as(ctx context.Context) context.Context {
	if !v.signedIn() {
		return ctx
	}
	o := audit.Of(ctx)
	o.Actor, o.Session = audit.AccountOf(v.person.Account), v.person.Session
	return audit.With(ctx, o)
}

// visit reads the cookies, and gives a browser that comes for the first time its secret.
// Fault: store_unavailable.
func (s *Service) visit(c *fiber.Ctx) (v visit, err error) {
	if v.browser = s.Cookies.get(c, browserCookie); !isBrowser(v.browser) {
		secret := make([]byte, browserSize)
		if _, err := io.ReadFull(s.Random, secret); err != nil {
			return visit{}, fmt.Errorf("make a browser's secret: %w", err)
		}
		v.browser = base64.RawURLEncoding.EncodeToString(secret)
		s.Cookies.set(c, browserCookie, v.browser, longest)
	}
	return v, s.recognise(c, &v)
}

// recognise fills in who is signed in.
func (s *Service) recognise(c *fiber.Ctx, v *visit) error {
	token := s.Cookies.get(c, sessionCookie)
	if token == "" {
		return nil
	}
	p, err := s.Verifier.VerifyBrowser(c.UserContext(), token)
	if verify.IsDead(err) {
		return nil
	}
	if err != nil {
		return fault.Unavailable(err)
	}
	account, err := uuid.Parse(p.Subject)
	if err != nil {
		return fault.Unavailable(fmt.Errorf("read the account of a session: %w", err))
	}
	id, err := uuid.Parse(p.Authorization)
	if err != nil {
		return fault.Unavailable(fmt.Errorf("read a session: %w", err))
	}
	v.person = oauth.Person{Account: account, Session: id, Email: p.Email, AuthenticatedAt: p.AuthenticatedAt, AuthenticatedBy: p.AuthenticatedBy}
	v.name, v.scopes = p.Name, p.Scopes
	return nil
}
