package accountfile

import "crypto/sha256"

// remembered is how many addresses and ids are remembered at least, to find twins. It bounds
// the memory of an import: some 50 MB, whatever the file.
const remembered = 500_000

// fingerprint tells addresses and ids apart, in less memory than they take.
type fingerprint [16]byte

// seen remembers on which line an address or an id stood. It forgets the older half when it
// is full; accounts that were stored by then are found in Postgres.
type seen struct {
	limit      int
	young, old map[fingerprint]int32
}

func newSeen(limit int) *seen { return &seen{limit: limit, young: map[fingerprint]int32{}} }

// note returns the line that had the key before, or remembers this one and returns 0.
func (s *seen) note(key string, line int) (before int) {
	sum := sha256.Sum256([]byte(key))
	p := fingerprint(sum[:16])
	if before, found := s.young[p]; found {
		return int(before)
	}
	if before, found := s.old[p]; found {
		return int(before)
	}
	if len(s.young) >= s.limit {
		s.young, s.old = map[fingerprint]int32{}, s.young
	}
	s.young[p] = int32(line) //nolint:gosec // A file of 2 billion lines is no file of accounts.
	return 0
}
