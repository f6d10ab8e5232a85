package session

import (
	"context"

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

// queueDamaged queues all that were noted.
func (s *Service) queueDamaged(ctx context.Context) error {
	var tokens hashes
	for noted := map[token.Hash]bool{}; ; {
		select {
		case h := <-s.damaged:
			if !noted[h] {
				noted[h] = true
				tokens = append(tokens, h)
			}
			continue
		default:
		}
		break
	}
	if len(tokens) == 0 {
		return nil
	}
	return s.store.queue(ctx, tokens)
}
