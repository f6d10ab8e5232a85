package authorization

import (
	"context"
	"time"
)

// SyncPage syncs one page, like a relay that dies afterwards.
func (s *Service) SyncPage(ctx context.Context) error {
	_, err := s.syncSelectors(ctx, takeDue)
	return err
}

// AgeRotations makes the refreshes of a family older.
func AgeRotations(encoded []byte, by time.Duration) (older []byte) {
	all, err := decodeRotations(encoded)
	if err != nil {
		panic(err)
	}
	for _, r := range all {
		r.at = r.at.Add(-by)
		older = r.append(older)
	}
	return older
}
