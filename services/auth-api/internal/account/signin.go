package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// NoteFirstSignIn notes in the transaction of a sign-in that the account has signed in, and
// reports whether that was the first time. Only sign-ins on devices that are not known need to
// ask: a device becomes known by a sign-in.
func NoteFirstSignIn(ctx context.Context, tx pgx.Tx, id uuid.UUID) (first bool, err error) {
	tag, err := tx.Exec(ctx, `UPDATE accounts SET first_sign_in_at = now() WHERE id = $1 AND first_sign_in_at IS NULL`, id)
	if err != nil {
		return false, fmt.Errorf("note the first sign-in: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}
