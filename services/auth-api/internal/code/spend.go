package code

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
)

// Check says whose code was typed, if it is for one of the purposes, and spends nothing. A wrong code counts as a miss of its
// request, of which there may be MaxMisses. What cannot be a code does not count: there are
// programs that open the links of mails and press the buttons of pages. Faults:
// validation_failed (it cannot be a code), invalid_code (wrong, too old, used, of
// another purpose, or there is no such request: always the same words), store_unavailable.
func (c *Codes) Check(ctx context.Context, id uuid.UUID, typed string, purposes ...Purpose) (o Owner, err error) {
	if !isCode(typed) {
		return Owner{}, fault.Invalid("code", "invalid", fmt.Sprintf("Type the code of the mail: %d letters, with or without the hyphen.", length))
	}
	right := false
	err = c.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		o, right, err = c.lock(ctx, tx, id, typed, purposes)
		if err != nil || right {
			return err
		}
		// The miss is committed, so the fault is not returned from here.
		_, err = tx.Exec(ctx, `UPDATE codes SET misses = misses + 1 WHERE id = $1 AND misses < $2`, id, MaxMisses)
		return err
	})
	if err != nil {
		return Owner{}, fmt.Errorf("check a code: %w", err)
	}
	if !right {
		return Owner{}, Invalid()
	}
	return o, nil
}

// Spend spends a code in the transaction of what it allows: of two at once, one wins. It
// returns whose code it was. Faults: invalid_code, store_unavailable.
func (c *Codes) Spend(ctx context.Context, tx pgx.Tx, id uuid.UUID, typed string, purposes ...Purpose) (Owner, error) {
	o, right, err := c.lock(ctx, tx, id, typed, purposes)
	if err != nil {
		return Owner{}, fmt.Errorf("spend a code: %w", err)
	}
	if !right {
		return Owner{}, Invalid()
	}
	if _, err := tx.Exec(ctx, `UPDATE codes SET spent_at = $2 WHERE id = $1`, id, c.now()); err != nil {
		return Owner{}, fmt.Errorf("spend a code: %w", err)
	}
	return o, nil
}

// lock locks a request, so that guesses at it take turns, and says whether the code is right.
func (c *Codes) lock(ctx context.Context, tx pgx.Tx, id uuid.UUID, typed string, purposes []Purpose) (o Owner, right bool, err error) {
	var account *uuid.UUID
	var stored []byte
	var of Purpose
	var misses int
	var expires, spent *time.Time
	err = tx.QueryRow(ctx, `SELECT account, address, hash, purpose, misses, expires_at, spent_at FROM codes WHERE id = $1 FOR UPDATE`, id).
		Scan(&account, &o.Address, &stored, &of, &misses, &expires, &spent)
	if errors.Is(err, pgx.ErrNoRows) {
		return Owner{}, false, nil
	}
	if err != nil {
		return Owner{}, false, err
	}
	if account != nil {
		o.Account = *account
	}
	// The code is compared whatever else is wrong, so that the time says nothing.
	matches := c.matches(stored, id, typed)
	return o, matches && slices.Contains(purposes, of) && misses < MaxMisses && spent == nil && account != nil && expires != nil && c.now().Before(*expires), nil
}

// Void ends all codes of an account that were not spent, since what they were bound to has
// changed: its password or its address. Codes that undo a change of the address stay: whoever
// has taken an account must not be able to end them.
func (c *Codes) Void(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	if _, err := tx.Exec(ctx, `UPDATE codes SET spent_at = $2 WHERE account = $1 AND spent_at IS NULL AND purpose <> $3`, account, c.now(), UndoAddress); err != nil {
		return fmt.Errorf("void codes: %w", err)
	}
	return nil
}

// Forget deletes what is stored about an account that is being deleted.
func (c *Codes) Forget(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM codes WHERE account = $1`, account); err != nil {
		return fmt.Errorf("forget codes: %w", err)
	}
	return nil
}
