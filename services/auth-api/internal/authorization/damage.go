package authorization

import (
	"context"
	"maps"
	"slices"

	"auth.books.test/verify/token"
)

// maxDamaged is how many tokens Damaged holds. One that finds it full is noted again when
// the token is verified again.
const maxDamaged = 1 << 10

// Damaged is a queue of tokens whose records a verifier could not read. The relay rewrites
// the records.
type Damaged chan token.Hash

// NewDamaged makes a queue with a limited size.
func NewDamaged() Damaged { return make(Damaged, maxDamaged) }

// Note adds a token, unless the queue is full. It does not block.
func (d Damaged) Note(h token.Hash) {
	select {
	case d <- h:
	default:
	}
}

// queueDamaged adds the noted tokens to the outbox. Only the relay calls it, so receiving
// as many as len reports does not block.
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
