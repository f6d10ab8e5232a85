package authorization

import (
	"context"
	"maps"
	"slices"

	"auth.books.test/verify/token"
)

// maxDamaged bounds the memory of tokens whose records wait to be queued. What is over
// it is noted again when the token is verified again.
const maxDamaged = 1 << 10

// Damaged are tokens whose records a verifier could not read. The relay writes them
// anew.
type Damaged chan token.Hash

// NewDamaged has room for a bounded number.
func NewDamaged() Damaged { return make(Damaged, maxDamaged) }

// Note takes a token. It does not block.
func (d Damaged) Note(h token.Hash) {
	select {
	case d <- h:
	default:
	}
}

// queueDamaged queues all that were noted. The relay alone calls it, so what is there
// stays there until it is received.
func (s *Service) queueDamaged(ctx context.Context) error {
	noted := map[token.Hash]bool{}
	for len(s.damaged) > 0 {
		noted[<-s.damaged] = true
	}
	if len(noted) == 0 {
		return nil
	}
	return s.queueTokens(ctx, slices.Collect(maps.Keys(noted)))
}
