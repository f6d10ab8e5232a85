package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// mac is HMAC-SHA-256 under one key. It pools its states, because setting up a keyed HMAC
// costs more than hashing a token (BenchmarkParseAndHash: 0.26 µs and no allocations, 0.97
// µs and 8 without the pool).
type mac struct{ states sync.Pool }

func newMAC(secret []byte) *mac {
	m := &mac{}
	m.states.New = func() any { return &state{mac: hmac.New(sha256.New, secret)} }
	return m
}

// state is a keyed HMAC with its buffers, reused for the next token.
type state struct {
	mac hash.Hash
	in  [Length]byte
	out [HashSize]byte
}

// sum returns the HMAC of a token or of a part of one.
func (m *mac) sum(s string) Hash {
	st := m.states.Get().(*state)
	defer m.states.Put(st)
	st.mac.Reset()
	st.mac.Write(st.in[:copy(st.in[:], s)])
	h := Hash(st.mac.Sum(st.out[:0]))
	clear(st.in[:])
	return h
}
