package password

import "golang.org/x/crypto/argon2"

// Work is one derivation of argon2id (RFC 9106, section 3.1). Password is what
// the pepper has made of it.
type Work struct {
	Password, Salt []byte
	Params         Params
	// Size of the key, in bytes.
	Size uint32
}

// Derive does a Work, here or elsewhere. Errors are those of the way there.
type Derive func(Work) ([]byte, error)

// Argon2id is the Derive of this process. It never fails.
func Argon2id(w Work) ([]byte, error) {
	return argon2.IDKey(w.Password, w.Salt, w.Params.Time, w.Params.MemoryKiB, w.Params.Threads, w.Size), nil
}
