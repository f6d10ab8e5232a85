package authorization

import "context"

// CarryPage carries one page, as a relay does that dies then.
func (s *Service) CarryPage(ctx context.Context) error {
	_, err := s.carry(ctx, takeTurns)
	return err
}
