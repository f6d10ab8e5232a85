package passkey

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"auth.books.test/services/auth-api/internal/postgres"
)

const sweepInterval = 10 * time.Minute

// Sweep forgets ceremonies that have expired, until ctx ends. The next round repeats what failed.
func (s *Service) Sweep(ctx context.Context, log *slog.Logger) {
	postgres.Sweep(ctx, log, sweepInterval, "old ceremonies with passkeys cannot be deleted yet", s.SweepOnce)
}

// SweepOnce is one round of Sweep. It returns how many rows it deleted.
func (s *Service) SweepOnce(ctx context.Context) (int64, error) {
	n, err := s.DB.Drain(ctx, `DELETE FROM spent_ceremonies WHERE hash IN (SELECT hash FROM spent_ceremonies WHERE expires_at < $1 LIMIT $2)`, s.Now(), postgres.SweepBatch)
	if err != nil {
		return n, fmt.Errorf("delete old ceremonies: %w", err)
	}
	return n, nil
}
