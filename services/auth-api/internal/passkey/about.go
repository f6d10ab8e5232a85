package passkey

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Passkey is a passkey as its owner sees it. Times are zero for what never was.
type Passkey struct {
	ID   uuid.UUID
	Name string
	// Synced says that a copy of it is kept elsewhere, so that it survives the device.
	Synced bool
	// Proved says that it counts as a factor: its device has checked who holds it.
	Proved                             bool
	CreatedAt, LastUsedAt, SuspectedAt time.Time
}

func shown(r row) Passkey {
	p := Passkey{ID: r.id, Name: r.name, Synced: r.credential.Flags.BackupState, Proved: r.provedAt != nil, CreatedAt: r.createdAt}
	if r.lastUsedAt != nil {
		p.LastUsedAt = *r.lastUsedAt
	}
	if r.suspectedAt != nil {
		p.SuspectedAt = *r.suspectedAt
	}
	return p
}

// List returns the passkeys of an account, the oldest first. Fault: store_unavailable.
func (s *Service) List(ctx context.Context, account uuid.UUID) ([]Passkey, error) {
	rows, err := s.rows(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	list := make([]Passkey, len(rows))
	for n, r := range rows {
		list[n] = shown(r)
	}
	return list, nil
}
