package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// attempt is one attempt to send a mail.
type attempt struct {
	mail Mail
	// number counts the attempts of this mail, from 1.
	number    int
	createdAt time.Time
	// problem is set if the mail could not be prepared, so that it is not to be sent now.
	problem error
	// dropped is set if its Preparer decided that there is nothing to send.
	dropped bool
}

// claim marks a mail that is due as being sent; nil if there is none. It commits before the
// server is called: if this replica dies, nobody sends the mail a second time.
func (o *Outbox) claim(ctx context.Context) (*attempt, error) {
	for {
		a, err := o.take(ctx)
		switch {
		case a == nil:
			return nil, err
		case a.problem != nil && errors.Is(err, a.problem):
			if err := o.postpone(ctx, a, "prepare"); err != nil {
				return nil, err
			}
			o.log.WarnContext(ctx, "a mail cannot be prepared yet", "mail", a.mail.ID, "kind", a.mail.Kind, "error", a.problem)
		case err != nil:
			return nil, err
		case a.dropped:
			o.count(a.mail.Kind, Dropped)
		default:
			return a, nil
		}
	}
}

// take is one transaction of claim. An error of the Preparer rolls it back; it is then the
// problem of the attempt as well.
func (o *Outbox) take(ctx context.Context) (a *attempt, err error) {
	err = o.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		a, err = lockDue(ctx, tx, o.now().UTC())
		if err != nil || a == nil {
			return err
		}
		stored, send := a.mail, true
		if p := o.preparers[stored.Kind]; p != nil {
			if a.mail, send, err = p.Prepare(ctx, tx, stored); err != nil {
				a.mail, a.problem = stored, err
				return err
			}
		}
		if !send {
			a.dropped = true
			return setState(ctx, tx, a, Dropped, "")
		}
		_, err = tx.Exec(ctx, `UPDATE mails SET state = 'sending', tries = $2, next_try_at = $3, account = $4, error = '' WHERE id = $1`,
			a.mail.ID, a.number, o.now().UTC().Add(lease), nullable(a.mail.Account))
		return err
	})
	if err != nil {
		return a, fmt.Errorf("claim a mail: %w", err)
	}
	return a, nil
}

// lockDue reads the mail that is due longest, unless another replica has locked it.
func lockDue(ctx context.Context, tx pgx.Tx, now time.Time) (*attempt, error) {
	a, account := &attempt{}, uuid.NullUUID{}
	err := tx.QueryRow(ctx, `
		SELECT id, kind, recipient, language, account, data, tries + 1, created_at FROM mails
		WHERE state = 'waiting' AND next_try_at <= $1 ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED`, now).Scan(
		&a.mail.ID, &a.mail.Kind, &a.mail.To, &a.mail.Language, &account, &a.mail.Data, &a.number, &a.createdAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a.mail.Account = account.UUID
	return a, nil
}

func nullable(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }
