package token_test

import (
	"crypto/rand"
	"io"
	"testing"

	"auth.books.test/verify/token"
)

func TestOtherSecretsHaveTheirOwnForm(t *testing.T) {
	t.Parallel()
	made, err := token.MintSecret(rand.Reader, "bcs_")
	if err != nil || len(made) != len("bcs_")+49 || made[len(made)-6:] != checksum(made[:len(made)-6]) {
		t.Fatalf("%s, %v", made, err)
	}
	again, err := token.MintSecret(rand.Reader, "bcs_")
	if err != nil || again == made {
		t.Errorf("the same twice, or %v", err)
	}
	if !token.IsSecret(made, "bcs_") {
		t.Error("a minted secret is not recognised")
	}
	for name, s := range map[string]string{
		"nothing": "", "the prefix alone": "bcs_", "cut": made[:len(made)-1], "longer": made + "0", "another prefix": "bat_" + made[4:],
		"another character": made[:10] + flip(made[10]) + made[11:], "another checksum": made[:len(made)-1] + flip(made[len(made)-1]),
	} {
		if token.IsSecret(s, "bcs_") {
			t.Errorf("%s: accepted as a secret", name)
		}
	}
	if _, err := token.MintSecret(&io.LimitedReader{R: rand.Reader, N: 42}, "bcs_"); err == nil {
		t.Error("made without enough randomness")
	}
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}
