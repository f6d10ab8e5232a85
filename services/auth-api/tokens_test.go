package main_test

import (
	"crypto/rand"
	"encoding/base64"

	"auth.books.test/verify/token"
)

// foreignToken is a well-formed token of a key that auth-api does not have.
func foreignToken() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	ring, err := token.ParseKeyRing("zz:" + base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		panic(err)
	}
	made, _, err := ring.Mint(rand.Reader, token.Access)
	if err != nil {
		panic(err)
	}
	return made.Reveal()
}
