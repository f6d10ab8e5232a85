// Package openid serves what clients find and know people by: the metadata of the
// authorization server (RFC 8414, OpenID Connect Discovery), the keys that check ID tokens,
// and userinfo (OpenID Connect Core, section 5.3).
package openid

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/idtoken"
	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
)

// People says what apps may know of a person; oauth.OpenID implements it.
type People interface {
	Person(ctx context.Context, account uuid.UUID, scopes []string) (idtoken.Person, error)
}

// Options are the parts of a Service.
type Options struct {
	// Issuer is the URL of the service as its callers know it. If it is empty, there are no
	// routes: a client could not check where it is.
	Issuer        string
	PasswordGrant bool
	// Keys sign ID tokens; nil if there are none: then there is no OpenID Connect, only OAuth.
	Keys     *idtoken.Keys
	People   People
	Verifier verify.Verifier
	// Realm names the service in challenges.
	Realm string
}

// Service answers the routes.
type Service struct {
	Options
	guard *bearer.Guard
}

// Add adds the routes and describes them.
func Add(app *fiber.App, doc openapi.Document, o Options) {
	if o.Issuer == "" {
		return
	}
	s := &Service{Options: o, guard: bearer.New(bearer.Options{Verifier: o.Verifier, Audience: bearer.AnyAudience, Realm: o.Realm})}
	app.Get(route.Metadata, s.metadata)
	if s.Keys != nil {
		app.Get(route.Discovery, s.metadata)
		app.Get(route.Keys, s.keys)
		app.Get(route.UserInfo, s.userInfo)
		app.Post(route.UserInfo, s.userInfo)
	}
	s.describe(doc)
}
