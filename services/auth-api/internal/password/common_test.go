package password_test

import (
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/password"
)

func TestCommonPasswordsAreManyAndCanBeFound(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(password.Common(), "\n"), "\n")
	if len(lines) < 50_000 {
		t.Fatalf("%d entries; want some tens of thousands", len(lines))
	}
	long, last := 0, ""
	for _, line := range lines {
		word, _, _ := strings.Cut(line, " ")
		if word <= last {
			t.Fatalf("%q stands after %q: the search needs them in order", word, last)
		}
		last = word
		if form := password.CommonForm(word); form != word {
			t.Errorf("%q can never match: passwords are compared as %q", word, form)
		}
		if bits, listed := password.CommonBits(word); !listed || bits < 1 || bits > 20 {
			t.Fatalf("%q: %d bits, found %t", word, bits, listed)
		}
		if len(word) >= password.MinLength {
			long++
		}
	}
	if long < 3_000 {
		t.Errorf("%d entries are long enough to be a password; want thousands", long)
	}
	for _, word := range []string{"", "0", "\x00", "zzzzzzzzzzzzzzz9", "~~~", "passwordde", "password 2"} {
		if _, listed := password.CommonBits(word); listed {
			t.Errorf("%q was found; it is not listed", word)
		}
	}
}
