package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// mac is HMAC-SHA-256 under one key.
type mac struct{ states sync.Pool }

func newMAC(secret []byte) *mac {
	m := &mac{}
	m.states.New = func() any { return &state{mac: hmac.New(sha256.New, secret)} }
	return m
}

// state is a keyed HMAC that is kept between tokens: setting one up costs two
// blocks of SHA-256, as much as the token itself.
type state struct {
	mac hash.Hash
	in  [Length]byte
	out [HashSize]byte
}

// sum is the HMAC of a token or a part of one.
func (m *mac) sum(s string) Hash {
	st := m.states.Get().(*state)
	defer m.states.Put(st)
	st.mac.Reset()
	st.mac.Write(st.in[:copy(st.in[:], s)])
	h := Hash(st.mac.Sum(st.out[:0]))
	clear(st.in[:])
	return h
}
