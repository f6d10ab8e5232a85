package personal

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

// Create makes a token. It is not ended by a changed password, since a script cannot sign in
// anew; a reset ends it. Faults: validation_failed (also if the owner has
// authorization.MaxPersonal tokens), invalid_scope (the owner does not have it, or it is of
// no API), account_disabled, store_unavailable.
func (s *Service) Create(ctx context.Context, c Creation) (Made, error) {
	name := strings.TrimSpace(c.Name)
	switch {
	case name == "" || len(name) > MaxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return Made{}, fault.Invalid("name", "not_a_name", fmt.Sprintf("Write what the token is for, in at most %d bytes without control characters.", MaxName))
	case len(c.Scopes) == 0:
		return Made{}, fault.Invalid("scope", "required", "Say what the token may do: name at least one scope of an API.")
	case c.Lifetime < MinLifetime || c.Lifetime > s.longest:
		return Made{}, fault.Invalid("expires_in", "out_of_range", fmt.Sprintf("Write a number of seconds from %.0f to %.0f.", MinLifetime.Seconds(), s.longest.Seconds()))
	}
	issued, err := s.authorizations.Issue(ctx, audit.Event{Verb: audit.CreatePersonal}, authorization.Request{
		Kind: authorization.Personal, Subject: authorization.Account(c.Account), Scopes: c.Scopes, Lifetime: c.Lifetime, TokenType: token.Personal,
		Store: func(ctx context.Context, tx pgx.Tx, a authorization.Authorization) error {
			return insert(ctx, tx, a, name)
		},
	})
	if err != nil {
		return Made{}, fmt.Errorf("create personal access token: %w", err)
	}
	return Made{Token: Token{issued.Authorization, name}, Secret: issued.Token}, nil
}
