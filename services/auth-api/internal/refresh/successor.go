package refresh

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"
)

const (
	// NonceSize is the number of bytes of a nonce.
	NonceSize = 32
	// drawSize is how many bytes a successor and its access token may need: an access token
	// discards 3 % of those that it reads, so this is enough a hundred times over.
	drawSize = 4096
)

// Successor returns the token of the next generation, and the bytes from which its access
// token is to be minted. The same token and nonce always give the same result.
func (t *Tokens) Successor(presented Token, nonce []byte) (next Token, random io.Reader, err error) {
	id, key := t.ring.Derive(checkLabel)
	return t.successor(presented, nonce, id, key)
}

// SuccessorWithHash is Successor for a retry: it returns the token with that hash, whichever
// key was the first of the ring when it was drawn. It returns false if the nonce does not
// lead to it.
func (t *Tokens) SuccessorWithHash(presented Token, nonce []byte, hash Hash) (next Token, random io.Reader, found bool, err error) {
	for _, id := range t.ring.IDs() {
		key, err := t.ring.DeriveWith(id, checkLabel)
		if err != nil {
			return Token{}, nil, false, fmt.Errorf("draw a refresh token again: %w", err)
		}
		next, random, err := t.successor(presented, nonce, id, key)
		if err != nil {
			return Token{}, nil, false, err
		}
		drawn, err := t.Hash(next)
		if err != nil {
			return Token{}, nil, false, err
		}
		if drawn == hash {
			return next, random, true, nil
		}
	}
	return Token{}, nil, false, nil
}

func (t *Tokens) successor(presented Token, nonce []byte, id string, key []byte) (Token, io.Reader, error) {
	secret, err := t.ring.DeriveWith(presented.text[len(prefix):bodyStart-1], successorLabel)
	if err != nil {
		return Token{}, nil, fmt.Errorf("draw a refresh token: %w", err)
	}
	// The token has a fixed length, so that token and nonce cannot be confused.
	drawn, err := hkdf.Key(sha256.New, secret, nonce, presented.text, drawSize)
	if err != nil {
		return Token{}, nil, fmt.Errorf("draw a refresh token: %w", err)
	}
	random := bytes.NewReader(drawn)
	next, err := draw(random, id, key, presented.Authorization, presented.Generation+1)
	return next, random, err
}
