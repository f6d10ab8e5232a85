package session

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
)

// Change alters an account in the transaction that holds its row, and brings
// the records of its live tokens in line. Faults: as Revoke.
func (s *Service) Change(ctx context.Context, accountID uuid.UUID, change Change) error {
	var live hashes
	err := s.store.withAccount(ctx, accountID, exclusive, func(ctx context.Context, tx accountTx) error {
		if err := change(ctx, tx.tx); err != nil {
			return err
		}
		var err error
		live, err = tx.queueLive(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("change account: %w", err)
	}
	if len(live) == 0 {
		return nil
	}
	if _, err := s.carry(context.WithoutCancel(ctx), live); err != nil {
		s.wakeRelay()
		return fmt.Errorf("change account: %w", fault.Wrap(fault.StoreUnavailable,
			"The change is recorded, but a store does not answer. Live tokens show it as soon as it is back.", err))
	}
	return nil
}
