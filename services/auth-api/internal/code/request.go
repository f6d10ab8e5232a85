package code

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
)

// Request notes that a code is to be sent to an address, and returns the id of the request.
// It does the same whether the address has an account or not. If the owner's account is known
// already, the code can be voided with it from then on; otherwise it is uuid.Nil. Faults:
// too_many_attempts (the address was sent Hourly or Daily codes), store_unavailable.
func (c *Codes) Request(ctx context.Context, tx pgx.Tx, purpose Purpose, o Owner) (uuid.UUID, error) {
	id, err := uuid.NewV7FromReader(c.random)
	if err != nil {
		return uuid.Nil, fmt.Errorf("request a code: %w", err)
	}
	now := c.now()
	// Requests for one address take turns, so that no two are both the last one allowed.
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, hashtext(lower($2 COLLATE "C")))`, lockSpace, o.Address); err != nil {
		return uuid.Nil, fmt.Errorf("request a code: %w", err)
	}
	var hourly, daily int
	var first, firstOfHour *time.Time
	err = tx.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE created_at > $2), count(*), min(created_at) FILTER (WHERE created_at > $2), min(created_at)
		FROM codes WHERE lower(address COLLATE "C") = lower($1 COLLATE "C") AND created_at > $3`, o.Address, now.Add(-time.Hour), now.Add(-retention)).Scan(&hourly, &daily, &firstOfHour, &first)
	switch {
	case err != nil:
		return uuid.Nil, fmt.Errorf("request a code: %w", err)
	case daily >= Daily:
		return uuid.Nil, tooMany(Daily, retention, first.Add(retention).Sub(now))
	case hourly >= Hourly:
		return uuid.Nil, tooMany(Hourly, time.Hour, firstOfHour.Add(time.Hour).Sub(now))
	}
	if _, err := tx.Exec(ctx, `INSERT INTO codes (id, purpose, address, account, created_at) VALUES ($1, $2, $3, $4, $5)`, id, purpose, o.Address, uuid.NullUUID{UUID: o.Account, Valid: o.Account != uuid.Nil}, now); err != nil {
		return uuid.Nil, fmt.Errorf("request a code: %w", err)
	}
	return id, nil
}

// lockSpace is the first number of our advisory locks, which tells them from others.
const lockSpace = 0x636f6465

func tooMany(quota int, window, wait time.Duration) error {
	f := fault.New(fault.TooManyAttempts, "Enough mails were sent to this address. Use the code of the newest one, or wait as long as Retry-After says.")
	f.RetryAfter = max(wait, time.Second)
	f.Limit = &fault.Limit{Name: "mail_address", Quota: quota, Window: window}
	return f
}

// Mint makes the code of a request, and gives it its owner, whose address must be that of the
// request but for case. A code that was minted before for the same request is void. ok is
// false if the request is for another purpose, or was spent, voided or deleted since.
func (c *Codes) Mint(ctx context.Context, tx pgx.Tx, id uuid.UUID, of Purpose, o Owner) (typed string, ok bool, err error) {
	if typed, err = draw(c.random); err != nil {
		return "", false, err
	}
	_, key := c.ring.Derive(label)
	tag, err := tx.Exec(ctx, `UPDATE codes SET account = $2, address = $5, hash = $3, expires_at = $4
		WHERE id = $1 AND purpose = $6 AND spent_at IS NULL AND lower(address COLLATE "C") = lower($5 COLLATE "C")`,
		id, o.Account, hash(key, id, typed), c.now().Add(of.lifetime()), o.Address, of)
	if err != nil {
		return "", false, fmt.Errorf("mint a code: %w", err)
	}
	return typed, tag.RowsAffected() > 0, nil
}

// HandedOver says when the mail with the code of a request was handed over: the code's
// lifetime begins then, so that a server that was slow to accept it delivers no dead one. It
// returns the account whose code it is; uuid.Nil if that was spent or voided meanwhile.
func (c *Codes) HandedOver(ctx context.Context, tx pgx.Tx, id uuid.UUID, of Purpose, at time.Time) (account uuid.UUID, err error) {
	err = tx.QueryRow(ctx, `
		UPDATE codes SET expires_at = $2
		WHERE id = $1 AND purpose = $3 AND spent_at IS NULL AND account IS NOT NULL RETURNING account`, id, at.Add(of.lifetime()), of).Scan(&account)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, fmt.Errorf("begin the lifetime of a code: %w", err)
	}
	return account, nil
}
