package password_test

import (
	"errors"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/password"
)

const (
	salt = "c29tZXNhbHRzb21lc2FsdA"
	tag  = "K13EBUiG7JV+9ZxztmHFTdb7J0WQsnj2V8bZaqyPptE"
)

func TestRefusesMalformedHashes(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t, password.DefaultParams(), "")
	for name, phc := range map[string]string{
		"empty":                  "",
		"plain text":             "password",
		"bcrypt":                 "$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m",
		"argon2i":                "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + tag,
		"argon2d":                "$argon2d$v=19$m=19456,t=2,p=1$" + salt + "$" + tag,
		"version 16":             "$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + tag,
		"no version":             "$argon2id$m=19456,t=2,p=1$" + salt + "$" + tag,
		"another order":          "$argon2id$v=19$t=2,m=19456,p=1$" + salt + "$" + tag,
		"a cost is missing":      "$argon2id$v=19$m=19456,t=2$" + salt + "$" + tag,
		"a cost is there twice":  "$argon2id$v=19$m=19456,m=8,t=2,p=1$" + salt + "$" + tag,
		"a leading zero":         "$argon2id$v=19$m=019456,t=2,p=1$" + salt + "$" + tag,
		"a negative cost":        "$argon2id$v=19$m=-19456,t=2,p=1$" + salt + "$" + tag,
		"no passes":              "$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + tag,
		"no lanes":               "$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + tag,
		"less than 8 KiB a lane": "$argon2id$v=19$m=31,t=2,p=4$" + salt + "$" + tag,
		"gigabytes of memory":    "$argon2id$v=19$m=4194304,t=2,p=1$" + salt + "$" + tag,
		"memory over 32 bits":    "$argon2id$v=19$m=4294967297,t=2,p=1$" + salt + "$" + tag,
		"passes without end":     "$argon2id$v=19$m=19456,t=4294967295,p=1$" + salt + "$" + tag,
		"255 lanes":              "$argon2id$v=19$m=19456,t=2,p=255$" + salt + "$" + tag,
		"lanes over 8 bits":      "$argon2id$v=19$m=19456,t=2,p=257$" + salt + "$" + tag,
		"an empty key id":        "$argon2id$v=19$m=19456,t=2,p=1,keyid=$" + salt + "$" + tag,
		"a key id of 17":         "$argon2id$v=19$m=19456,t=2,p=1,keyid=aaaaaaaaaaaaaaaaa$" + salt + "$" + tag,
		"associated data":        "$argon2id$v=19$m=19456,t=2,p=1,data=aaaa$" + salt + "$" + tag,
		"no salt":                "$argon2id$v=19$m=19456,t=2,p=1$$" + tag,
		"a salt of 7 bytes":      "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbA$" + tag,
		"a salt of 65 bytes":     "$argon2id$v=19$m=19456,t=2,p=1$" + strings.Repeat("AAAA", 21) + "AAA$" + tag,
		"no tag":                 "$argon2id$v=19$m=19456,t=2,p=1$" + salt,
		"an empty tag":           "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"a tag of 15 bytes":      "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("AAAA", 5),
		"a tag of 66 bytes":      "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("AAAA", 22),
		"padding":                "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "==$" + tag + "=",
		"base64url":              "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.ReplaceAll(tag, "+", "-"),
		"loose bits in the salt": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdB$" + tag,
		"base64 of a wrong size": "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "A$" + tag + "AA",
		"one part more":          "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + tag + "$",
		"a line end":             "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + tag + "\n",
		"a megabyte":             "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("A", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ok, rehash, err := hasher.Verify("password", phc)
			if ok || rehash || !errors.Is(err, password.ErrMalformedHash) {
				t.Fatalf("ok %v, rehash %v, %v; want ErrMalformedHash", ok, rehash, err)
			}
			if strings.Contains(err.Error(), tag) {
				t.Errorf("the error tells the hash: %v", err)
			}
		})
	}
}

// FuzzPHC holds that a stored string never panics, and that what is accepted
// is written back as it was, so that one hash has one form.
func FuzzPHC(f *testing.F) {
	for _, seed := range []string{
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + tag,
		"$argon2id$v=19$m=64,t=1,p=4,keyid=a$c29tZXNhbHQ$43BKTziG9nKOM5EDNWF6yA",
		"$argon2id$v=19$m=8,t=1,p=1$$", "$argon2id$", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, phc string) {
		written, err := password.Reparse(phc)
		if err != nil {
			if !errors.Is(err, password.ErrMalformedHash) {
				t.Errorf("%q: %v is not ErrMalformedHash", phc, err)
			}
			return
		}
		if written != phc {
			t.Errorf("%q is written back as %q", phc, written)
		}
	})
}
