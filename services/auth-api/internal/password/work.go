package password

import (
	"fmt"

	"golang.org/x/crypto/argon2"

	"auth.books.test/services/auth-api/internal/password/foreign"
)

// Work is the input of one argon2id derivation (RFC 9106, section 3.1). Password is the
// password after the pepper was applied.
type Work struct {
	Password, Salt []byte
	Params         Params
	// Size is that of the key, in bytes.
	Size uint32
	// Foreign, if set, is a stored hash of another program. The key is one byte then: 1 if
	// Password matches, otherwise 0.
	Foreign string `json:",omitempty"`
}

// maxTimes bounds Times, and with it how long a caller waits for a worker.
const maxTimes = 30

// Times is how many times as long the work takes as a hash with DefaultParams, at least 1.
func (w Work) Times() float64 {
	if w.Foreign != "" {
		h, err := foreign.Read(w.Foreign)
		if err != nil {
			return 1
		}
		return min(max(1, h.Times()), maxTimes)
	}
	least := DefaultParams()
	return max(1, float64(w.Params.MemoryKiB)*float64(w.Params.Time)/(float64(least.MemoryKiB)*float64(least.Time)))
}

// Derive computes the key, in this process or in another. It fails only if the other
// process cannot be reached or does not answer.
type Derive func(Work) ([]byte, error)

// InProcess is the Derive that runs in this process. It fails only if Foreign is not a stored
// hash.
func InProcess(w Work) ([]byte, error) {
	if w.Foreign != "" {
		h, err := foreign.Read(w.Foreign)
		if err != nil {
			return nil, fmt.Errorf("read a hash of another program: %w", err)
		}
		if h.Matches(string(w.Password)) {
			return []byte{1}, nil
		}
		return []byte{0}, nil
	}
	return argon2.IDKey(w.Password, w.Salt, w.Params.Time, w.Params.MemoryKiB, w.Params.Threads, w.Size), nil
}
