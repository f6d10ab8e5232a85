package resource

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// maxURL is how many bytes the URL of an API may have.
const maxURL = 256

// SetURL gives an API a URL besides its name, by which apps may ask for tokens for it (RFC
// 8707); "" takes it away. Faults: validation_failed, api_not_found, already_exists (another
// API has it), store_unavailable.
func (s *Service) SetURL(ctx context.Context, audience, text string) error {
	if err := checkURL(text); err != nil {
		return err
	}
	err := s.authorizations.ChangeRoles(ctx, actOnAPI(audit.ChangeAPI, audience), func(ctx context.Context, tx *authorization.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE apis SET url = $2 WHERE audience = $1`, audience, oneSpelling(text))
		if violated := (*pgconn.PgError)(nil); errors.As(err, &violated) && violated.ConstraintName == "apis_url_key" {
			return fault.New(fault.AlreadyExists, "Another API has this URL.")
		}
		if err == nil && tag.RowsAffected() == 0 {
			return audienceNotFound()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("change an API's URL: %w", err)
	}
	return nil
}

// checkURL is RFC 8707, section 2: an absolute URI without a fragment, and better without a
// query.
func checkURL(text string) error {
	if text == "" {
		return nil
	}
	parsed, err := url.Parse(text)
	if err != nil || len(text) > maxURL || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || parsed.User != nil || strings.ContainsAny(text, "?# \\") {
		return fault.Invalid("url", "not_a_url", "Write an http or https URL of at most 256 bytes, without user, query and fragment.")
	}
	return nil
}

// oneSpelling is the same for a URL with and without a slash at its end: clients differ in
// that (modelcontextprotocol/typescript-sdk#1972).
func oneSpelling(url string) string { return strings.TrimSuffix(url, "/") }

// Audiences returns the names of the APIs that are meant by names or URLs. What no API is
// known by is left out. Fault: store_unavailable.
func (s *Store) Audiences(ctx context.Context, resources []string) (names map[string]string, err error) {
	spellings := map[string][]string{}
	var asked []string
	for _, r := range resources {
		one := oneSpelling(r)
		spellings[one] = append(spellings[one], r)
		asked = append(asked, one)
	}
	names = map[string]string{}
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `SELECT audience, url FROM apis WHERE audience = ANY($1) OR url <> '' AND url = ANY($1)`, asked)
		if err != nil {
			return err
		}
		var audience, url string
		_, err = pgx.ForEachRow(rows, []any{&audience, &url}, func() error {
			for _, known := range []string{audience, url} {
				for _, spelling := range spellings[known] {
					names[spelling] = audience
				}
			}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find APIs by name or URL: %w", err)
	}
	return names, nil
}
