package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// existing finds the accounts with the folded addresses or the ids.
func existing(ctx context.Context, tx pgx.Tx, emails []string, ids []uuid.UUID) (byEmail map[string]Account, byID map[uuid.UUID]bool, err error) {
	rows, err := tx.Query(ctx, `
		SELECT id, email FROM accounts WHERE lower(email COLLATE "C") = ANY($1::text[])
		UNION SELECT id, email FROM accounts WHERE id = ANY($2::uuid[])`, emails, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("look for accounts: %w", err)
	}
	byEmail, byID = map[string]Account{}, map[uuid.UUID]bool{}
	var a Account
	_, err = pgx.ForEachRow(rows, []any{&a.ID, &a.Email}, func() error {
		byEmail[FoldEmail(a.Email)], byID[a.ID] = a, true
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("look for accounts: %w", err)
	}
	return byEmail, byID, nil
}

// insertImports adds those of the accounts whose numbers are given, and returns the ids of
// those that nobody else has added meanwhile. They are inserted in the order of their
// addresses: so two imports at once wait for each other, and never both.
func insertImports(ctx context.Context, tx pgx.Tx, all []Import, ids []uuid.UUID, numbers []int) (map[uuid.UUID]bool, error) {
	var id []uuid.UUID
	var email, name, hash []string
	var verified []bool
	for _, i := range numbers {
		a := all[i]
		id, email, name, hash, verified = append(id, ids[i]), append(email, a.Email), append(name, a.Name), append(hash, a.Hash.String()), append(verified, a.Verified)
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO accounts (id, email, name, password_hash, email_verified_at)
		SELECT id, email, name, hash, CASE WHEN verified THEN now() END
		FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[]) AS n (id, email, name, hash, verified)
		ORDER BY lower(email COLLATE "C")
		ON CONFLICT DO NOTHING RETURNING id`, id, email, name, hash, verified)
	if err != nil {
		return nil, fmt.Errorf("insert accounts: %w", err)
	}
	added := map[uuid.UUID]bool{}
	var one uuid.UUID
	if _, err := pgx.ForEachRow(rows, []any{&one}, func() error { added[one] = true; return nil }); err != nil {
		return nil, fmt.Errorf("insert accounts: %w", err)
	}
	return added, nil
}
