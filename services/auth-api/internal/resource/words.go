package resource

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
	"auth.books.test/services/auth-api/internal/postgres"
)

// maxWords is how many characters a scope's words may have: a line or two of a page.
const maxWords = 120

// Describe says in words what a scope lets an app do, for the people who are asked whether
// they let it in. The words end the sentence "It will be able to"; "" takes them away. Faults:
// validation_failed, api_not_found, store_unavailable.
func (s *Service) Describe(ctx context.Context, audience, scope, words string) error {
	words = strings.TrimSpace(words)
	if utf8.RuneCountInString(words) > maxWords || strings.ContainsFunc(words, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fault.Invalid("words", "not_words", fmt.Sprintf("Write one line of at most %d characters.", maxWords))
	}
	err := s.authorizations.ChangeRoles(ctx, actOnAPI(audit.ChangeAPI, audience), func(ctx context.Context, tx *authorization.Tx) error {
		_, offers, err := readAPI(ctx, tx, audience, []string{scope})
		if err != nil {
			return err
		}
		if !offers {
			return fault.Invalid("scope", "not_offered", "The API does not offer this scope.")
		}
		_, err = tx.Exec(ctx, `
			UPDATE apis SET words = CASE WHEN $3::text = '' THEN words - $2::text ELSE words || jsonb_build_object($2::text, $3::text) END WHERE audience = $1`,
			audience, scope, words)
		return err
	})
	if err != nil {
		return fmt.Errorf("describe a scope: %w", err)
	}
	return nil
}

// Words returns what APIs say of these scopes. Scopes of which they say nothing are left out.
// Fault: store_unavailable.
func (s *Store) Words(ctx context.Context, scopes []string) (words map[string]string, err error) {
	words = map[string]string{}
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `SELECT w.key, w.value FROM apis a, jsonb_each_text(a.words) w WHERE a.scopes && $1 AND w.key = ANY($1)`, scopes)
		if err != nil {
			return err
		}
		var scope, text string
		_, err = pgx.ForEachRow(rows, []any{&scope, &text}, func() error {
			words[scope] = text
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what scopes let an app do: %w", err)
	}
	return words, nil
}
