package mail

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/services/auth-api/internal/postgres"
)

// Outbox stores mails, and sends those that are due.
type Outbox struct {
	db        *postgres.DB
	preparers map[Kind]Preparer
	now       func() time.Time
	random    io.Reader
	log       *slog.Logger
	wake      chan struct{}
	enabled   bool
	server    Server
	composer  *Composer
	ended     *prometheus.CounterVec
}

// Server takes a message for one recipient; SMTP implements it.
type Server interface {
	// Send returns nil when the server has accepted the message, and otherwise a Refusal, an
	// error that is ErrUnknown, or any other error, after which it may be sent again.
	Send(ctx context.Context, to string, message []byte) error
}

// Options are the parts of an Outbox.
type Options struct {
	DB *postgres.DB
	// Enabled says that there is a server. Without one, Queue stores nothing.
	Enabled bool
	// Server and Composer are needed by Run only.
	Server   Server
	Composer *Composer
	// Preparers are called before mails of their kind are sent. A kind without one is sent as
	// it was queued.
	Preparers map[Kind]Preparer
	Now       func() time.Time
	// Random is crypto/rand.Reader, except in tests.
	Random io.Reader
	Log    *slog.Logger
}

// New makes an Outbox.
func New(o Options) *Outbox {
	return &Outbox{
		db: o.DB, enabled: o.Enabled, server: o.Server, composer: o.Composer, preparers: o.Preparers, now: o.Now, random: o.Random, log: o.Log,
		wake: make(chan struct{}, 1), ended: newCounter(),
	}
}

// Enabled reports whether mails are sent at all.
func (o *Outbox) Enabled() bool { return o.enabled }

// Queue writes a mail into the outbox, in the transaction of what it speaks of. Without a
// server it does nothing. Call Wake after the commit.
func (o *Outbox) Queue(ctx context.Context, tx pgx.Tx, m Mail) error {
	if !o.enabled {
		return nil
	}
	if m.ID == uuid.Nil {
		var err error
		if m.ID, err = uuid.NewV7FromReader(o.random); err != nil {
			return fmt.Errorf("make a mail's id: %w", err)
		}
	}
	if m.Data == nil {
		m.Data = map[string]string{}
	}
	now := o.now().UTC()
	if _, err := tx.Exec(ctx, `INSERT INTO mails (id, kind, recipient, language, account, data, next_try_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
		m.ID, m.Kind, m.To, m.Language, uuid.NullUUID{UUID: m.Account, Valid: m.Account != uuid.Nil}, m.Data, now); err != nil {
		return fmt.Errorf("queue a mail: %w", err)
	}
	return nil
}

// Wake makes this replica look for due mails now. It never blocks.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // It is about to look.
	}
}

// Forget deletes the mails of an account that is deleted.
func (o *Outbox) Forget(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM mails WHERE account = $1`, account); err != nil {
		return fmt.Errorf("delete the mails of an account: %w", err)
	}
	return nil
}
