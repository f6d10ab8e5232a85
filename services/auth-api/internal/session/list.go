package session

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// List gives the account's live sessions, the newest first.
func (s *Service) List(ctx context.Context, accountID uuid.UUID) ([]Session, error) {
	sessions, err := s.store.live(ctx, accountID, s.now())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return sessions, nil
}
