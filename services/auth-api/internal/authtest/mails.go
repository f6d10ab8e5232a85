package authtest

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/mail"
)

// Mails takes the place of the outbox: it keeps what was queued, and sends nothing.
type Mails struct {
	mu     sync.Mutex // guards queued
	queued []mail.Mail
}

// Queue is account.Mails.
func (m *Mails) Queue(_ context.Context, _ pgx.Tx, queued mail.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queued = append(m.queued, queued)
	return nil
}

// Wake is account.Mails.
func (m *Mails) Wake() {}

// Take returns what was queued since the last call.
func (m *Mails) Take() []mail.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	queued := m.queued
	m.queued = nil
	return queued
}
