package token_test

import (
	"encoding/json"
	"os"
	"testing"

	"auth.books.test/verify/token"
)

// Verifiers in other languages use the vectors, too. Tokens outlive the program that
// issued them: new vectors may be added, but none changed.
func TestVectorsOfTokens(t *testing.T) {
	t.Parallel()
	var file struct {
		Ring   string
		Tokens []struct {
			Token, Type, KeyID, Key string
			Keyed                   bool
		}
		MadeUp, Malformed []string
	}
	b, err := os.ReadFile("testdata/tokens.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tokens) < 5 || len(file.MadeUp) < 3 || len(file.Malformed) < 3 {
		t.Fatalf("only %d tokens, %d made-up and %d malformed ones", len(file.Tokens), len(file.MadeUp), len(file.Malformed))
	}
	r := ring(t, file.Ring)
	for _, v := range file.Tokens {
		parsed, err := token.Parse(v.Token)
		if err != nil {
			t.Errorf("%s: %v", v.Token, err)
			continue
		}
		hash, err := r.Hash(parsed)
		if err != nil || r.Check(parsed) != nil || string(parsed.Type()) != v.Type || parsed.KeyID() != v.KeyID || parsed.Keyed() != v.Keyed || hash.Key() != v.Key {
			t.Errorf("%s: type %s, key id %s, keyed %v, check %v, %s, %v; want %+v", v.Token, parsed.Type(), parsed.KeyID(), parsed.Keyed(), r.Check(parsed), hash.Key(), err, v)
		}
	}
	for _, raw := range file.MadeUp {
		if parsed, err := token.Parse(raw); err != nil || r.Check(parsed) == nil {
			t.Errorf("%s: parsed %v, and the check must fail", raw, err)
		}
	}
	for _, raw := range file.Malformed {
		if _, err := token.Parse(raw); err == nil {
			t.Errorf("%s: is parsed", raw)
		}
	}
}
