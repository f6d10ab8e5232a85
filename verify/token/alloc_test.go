//go:build !race

package token_test

import (
	"testing"

	"auth.books.test/verify/token"
)

// The race detector drops pooled values at random, hence the build tag.
func TestParseCheckAndHashAllocateNothing(t *testing.T) {
	r := ring(t, "k1:"+secretOne)
	made, _ := mint(t, r)
	raw := made.Reveal()
	n := testing.AllocsPerRun(1000, func() {
		parsed, err := token.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Check(parsed); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Hash(parsed); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
