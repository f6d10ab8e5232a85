package password

import "golang.org/x/crypto/argon2"

// Work is the input of one argon2id derivation (RFC 9106, section 3.1). Password is the
// password after the pepper was applied.
type Work struct {
	Password, Salt []byte
	Params         Params
	// Size is that of the key, in bytes.
	Size uint32
}

// Derive computes the key, in this process or in another. It fails only if the other
// process cannot be reached or does not answer.
type Derive func(Work) ([]byte, error)

// Argon2id is the Derive that runs in this process. It never fails.
func Argon2id(w Work) ([]byte, error) {
	return argon2.IDKey(w.Password, w.Salt, w.Params.Time, w.Params.MemoryKiB, w.Params.Threads, w.Size), nil
}
