package password

import (
	"fmt"
	"slices"

	"golang.org/x/text/unicode/norm"

	"auth.books.test/services/auth-api/internal/password/foreign"
)

// verifyForeign reports whether a stored hash of another program is that of the password, in
// any of its spellings. If nothing can match, it takes as long as for an unknown account.
// Errors: ErrMalformedHash, those of Derive.
func (h *Hasher) verifyForeign(password, stored string) (bool, error) {
	hash, err := foreign.Read(stored)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrMalformedHash, err)
	}
	tries := spellings(password)
	if hash.IsNone() || len(tries) == 0 {
		return false, h.VerifyDummy(password)
	}
	if hash.Memory() > int64(h.params.MemoryKiB)<<10 {
		h.heavy.Lock()
		defer h.heavy.Unlock()
	}
	for _, try := range tries {
		answer, err := h.derive(Work{Password: []byte(try), Foreign: stored, Size: 1})
		if err != nil {
			return false, err
		}
		if len(answer) == 1 && answer[0] == 1 {
			return true, nil
		}
	}
	return false, nil
}

// spellings are the forms in which another program may have hashed a password: as it was
// typed, in normal form C as we do, and in KC as SASLprep does (RFC 4013). Most passwords
// have one, so that a wrong one costs one hash.
func spellings(password string) (all []string) {
	for _, form := range []string{password, normalise(password), norm.NFKC.String(password)} {
		if foreign.CanMatch(form) && !slices.Contains(all, form) {
			all = append(all, form)
		}
	}
	return all
}
