package personal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/verify"
)

// People reads whose a token is; account.Store implements it.
type People interface {
	People(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]verify.Account, error)
}

// Mails queues mails; mail.Outbox implements it.
type Mails interface {
	Queue(ctx context.Context, tx pgx.Tx, m mail.Mail) error
	// Wake says that a transaction with a mail was committed.
	Wake()
}

// Reminder tells owners that their tokens are about to end: a week and a day before.
type Reminder struct {
	Tokens *Service
	People People
	Mails  Mails
	Now    func() time.Time
	Log    *slog.Logger
}

const (
	week, day = 7 * 24 * time.Hour, 24 * time.Hour
	// remindEvery is how late a reminder may come.
	remindEvery = 10 * time.Minute
)

// nextReminder is when the owner of a token that ends then is to be told next; nil for never
// again. A token that was made for less than a week has one reminder, or none.
func nextReminder(now, ends time.Time) *time.Time {
	for _, before := range []time.Duration{week, day} {
		if at := ends.Add(-before); at.After(now) {
			return &at
		}
	}
	return nil
}

// Run reminds until ctx ends. The next round repeats what failed.
func (r Reminder) Run(ctx context.Context) {
	ticker := time.NewTicker(remindEvery)
	defer ticker.Stop()
	for {
		if err := r.Once(ctx); err != nil && ctx.Err() == nil {
			r.Log.WarnContext(ctx, "owners of personal access tokens cannot be reminded yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Once is one round of Run. Several replicas may run it at once: each reminder is queued once,
// in the transaction that says when the next one is.
func (r Reminder) Once(ctx context.Context) error {
	for {
		found := false
		err := r.Tokens.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			found, err = r.remind(ctx, tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("remind of a token: %w", err)
		}
		if !found {
			return nil
		}
		r.Mails.Wake()
	}
}

// remind tells the owner of one token, if one is due. Owners whose address nobody has proved
// are told nothing.
func (r Reminder) remind(ctx context.Context, tx pgx.Tx) (found bool, err error) {
	now := r.Now()
	var id uuid.UUID
	var name string
	err = tx.QueryRow(ctx, `
		SELECT id, name FROM personal_tokens WHERE remind_at <= $1 ORDER BY remind_at LIMIT 1 FOR UPDATE SKIP LOCKED`, now).Scan(&id, &name)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	token, alive, err := r.Tokens.authorizations.Find(ctx, tx, id)
	if err != nil {
		return false, err
	}
	next := nextReminder(now, token.ExpiresAt)
	if !alive {
		next = nil
	}
	if _, err := tx.Exec(ctx, `UPDATE personal_tokens SET remind_at = $2 WHERE id = $1`, id, next); err != nil || !alive {
		return true, err
	}
	people, err := r.People.People(ctx, tx, []uuid.UUID{token.Subject})
	if owner := people[token.Subject]; err != nil || !owner.EmailVerified {
		return true, err
	}
	return true, r.Mails.Queue(ctx, tx, mail.Mail{
		Kind: mail.TokenEnds, To: people[token.Subject].Email, Account: token.Subject,
		Data: map[string]string{"name": name, "ends": token.ExpiresAt.UTC().Format(time.RFC3339)},
	})
}
