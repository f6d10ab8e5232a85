package oauth

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/idtoken"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/verify"
)

// idTokenLifetime is how long a client may take to read an ID token, and how long the ones
// that send it on, such as kubectl, may use it.
const idTokenLifetime = time.Hour

// People reads personal data; account.Store implements it.
type People interface {
	People(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]verify.Account, error)
}

// Roles reads the roles of a person; resource.Store implements it.
type Roles interface {
	// RolesOf returns the roles of a subject as audience:role, sorted.
	RolesOf(ctx context.Context, tx pgx.Tx, subject uuid.UUID) ([]string, error)
}

// OpenID says who people are, to the apps that they have let in.
type OpenID struct {
	DB     *postgres.DB
	People People
	Roles  Roles
	Keys   *idtoken.Keys
	Issuer string
	Now    func() time.Time
}

// IDToken returns the ID token for tokens that were issued with the scope openid. Faults:
// account_not_found (it was deleted just now), store_unavailable.
func (o *OpenID) IDToken(ctx context.Context, t Tokens, app client.App) (string, error) {
	person, err := o.Person(ctx, t.Subject, t.Scopes)
	if err != nil {
		return "", fmt.Errorf("make an ID token: %w", err)
	}
	now := o.Now()
	c := idtoken.Claims{
		Issuer: o.Issuer, Subject: t.Subject.String(), Audience: app.ID.String(), IssuedAt: now.Unix(), Expires: now.Add(idTokenLifetime).Unix(),
		AuthTime: t.AuthenticatedAt.Unix(), AuthMethods: t.AuthenticatedBy, ACR: verify.ACR(t.AuthenticatedBy), Nonce: t.Nonce, AccessTokenHash: idtoken.HashOf(t.Token.Reveal()), Person: person,
	}
	switch {
	case t.SignIn != uuid.Nil:
		c.Session = t.SignIn.String()
	case t.Root != t.ID: // A refresh: it hangs on the sign-in.
		c.Session = t.Root.String()
	}
	return o.Keys.Sign(app.IDTokenAlgorithm, c)
}

// Person returns what the scopes let an app know of a person. Faults: account_not_found,
// store_unavailable.
func (o *OpenID) Person(ctx context.Context, account uuid.UUID, scopes []string) (p idtoken.Person, err error) {
	has := func(scope string) bool { return slices.Contains(scopes, scope) }
	if !has(authorization.ScopeProfile) && !has(authorization.ScopeEmail) && !has(authorization.ScopeGroups) {
		return idtoken.Person{}, nil
	}
	err = o.DB.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		people, err := o.People.People(ctx, tx, []uuid.UUID{account})
		if err != nil {
			return err
		}
		who, found := people[account]
		if !found {
			return invalidGrant()
		}
		if has(authorization.ScopeProfile) {
			p.Name, p.PreferredUsername = who.Name, who.Email
		}
		if has(authorization.ScopeEmail) {
			p.Email, p.EmailVerified = who.Email, &who.EmailVerified
		}
		if has(authorization.ScopeGroups) {
			groups, err := o.Roles.RolesOf(ctx, tx, account)
			if err != nil {
				return err
			}
			p.Groups = &groups
		}
		return nil
	})
	if err != nil {
		return idtoken.Person{}, fmt.Errorf("read what an app may know of a person: %w", err)
	}
	return p, nil
}
