package authorization

import "context"

// SyncPage syncs one page, like a relay that dies afterwards.
func (s *Service) SyncPage(ctx context.Context) error {
	_, err := s.syncSelectors(ctx, takeDue)
	return err
}
