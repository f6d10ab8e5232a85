package code

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// VoidUndosSince ends the codes that undo changes of the address which were made after the
// change that the request undoes: those went to addresses of whoever made these changes. It
// returns when that change was made.
func (c *Codes) VoidUndosSince(ctx context.Context, tx pgx.Tx, request, account uuid.UUID) (changed time.Time, err error) {
	if err := tx.QueryRow(ctx, `SELECT created_at FROM codes WHERE id = $1`, request).Scan(&changed); err != nil {
		return time.Time{}, fmt.Errorf("read when the address was changed: %w", err)
	}
	_, err = tx.Exec(ctx, `
		UPDATE codes SET spent_at = $3 WHERE account = $2 AND purpose = $4 AND spent_at IS NULL AND created_at >= $1`, changed, account, c.now(), UndoAddress)
	if err != nil {
		return time.Time{}, fmt.Errorf("void the codes that undo later changes: %w", err)
	}
	return changed, nil
}

// ReservedOf is Reserved for addresses that have no account yet. They are in lower case.
func (c *Codes) ReservedOf(ctx context.Context, tx pgx.Tx, addresses []string) (map[string]bool, error) {
	rows, err := tx.Query(ctx, `
		SELECT lower(address COLLATE "C") FROM codes WHERE lower(address COLLATE "C") = ANY($1::text[]) AND purpose = $2 AND spent_at IS NULL
			AND (expires_at IS NULL OR expires_at > $3)`, addresses, UndoAddress, c.now())
	if err != nil {
		return nil, fmt.Errorf("ask which addresses are reserved: %w", err)
	}
	reserved := map[string]bool{}
	var one string
	if _, err := pgx.ForEachRow(rows, []any{&one}, func() error { reserved[one] = true; return nil }); err != nil {
		return nil, fmt.Errorf("ask which addresses are reserved: %w", err)
	}
	return reserved, nil
}

// Reserved says whether an address may be set again by a code that undoes a change of another
// account than the given one, which has it to itself meanwhile. Ask after the address was taken, in the same
// transaction: then a change that is committed at the same time is seen.
func (c *Codes) Reserved(ctx context.Context, tx pgx.Tx, address string, account uuid.UUID) (reserved bool, err error) {
	err = tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM codes WHERE lower(address COLLATE "C") = lower($1 COLLATE "C") AND purpose = $2 AND spent_at IS NULL
			AND (expires_at IS NULL OR expires_at > $3) AND account <> $4)`, address, UndoAddress, c.now(), account).Scan(&reserved)
	if err != nil {
		return false, fmt.Errorf("ask whether an address is reserved: %w", err)
	}
	return reserved, nil
}
