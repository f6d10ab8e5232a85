package foreign_test

import (
	"testing"

	"auth.books.test/services/auth-api/internal/password/foreign"
)

// Whatever the text is: no panic, no cost beyond the ceilings, and what was accepted is read
// from its stored form as the same.
func FuzzParse(f *testing.F) {
	for _, v := range vectors() {
		f.Add(string(v.format), v.hash)
	}
	f.Add("scrypt", "$scrypt$ln=63,r=99999999,p=4294967295$AAAA$AAAA")
	f.Add("argon2", "$argon2id$v=19$m=4294967295,t=4294967295,p=255$AAAA$AAAA")
	f.Fuzz(func(t *testing.T, format, text string) {
		h, err := foreign.Parse(foreign.Format(format), text, firebaseKeys)
		if err != nil {
			return
		}
		if h.Memory() > 128<<20 || h.Times() > 150 || h.IsNone() {
			t.Fatalf("%q takes %d bytes, %v times as long as ours", text, h.Memory(), h.Times())
		}
		again, err := foreign.Read(h.String())
		if err != nil || again.String() != h.String() {
			t.Fatalf("%q is stored as %q, and read as %q, %v", text, h, again, err)
		}
	})
}
