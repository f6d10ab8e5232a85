package verify_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
)

func withIDs(i verify.Identity) verify.Identity {
	i.SessionID, i.AccountID = "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", "01a20cde-60c7-7b5a-afaa-bf4c69d1787c"
	return i
}

// joined is a value as EncodeRecord wrote it, in parts.
func joined(t *testing.T, fields []string, name string) (value string) {
	t.Helper()
	byName := map[string]string{}
	for n := 0; n < len(fields); n += 2 {
		if byName[fields[n]] != "" || fields[n+1] == "" || len(fields[n+1]) > 64 {
			t.Fatalf("field %s: %q, there twice, empty or too long", fields[n], fields[n+1])
		}
		byName[fields[n]] = fields[n+1]
	}
	value = byName[name]
	for n := 1; byName[name+"."+strconv.Itoa(n)] != ""; n++ {
		value += byName[name+"."+strconv.Itoa(n)]
	}
	return value
}

// Whatever bytes a value holds, writing it ends, and no byte is lost.
func TestAnyValueIsWrittenWhole(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"continuation bytes after a digit": "0" + strings.Repeat("\x8a", 70),
		"continuation bytes alone":         strings.Repeat("\xbf", 64*3+1),
		"one of them over the limit":       strings.Repeat("a", 60) + "\x80\x80\x80\x80\x80",
		"a character that is cut off":      strings.Repeat("a", 63) + "\xf0\x9f",
		"bytes that no UTF-8 has":          strings.Repeat("\xff", 200),
		"four bytes at the limit":          strings.Repeat("a", 61) + "📚📚",
		"63, 64 and 65":                    strings.Repeat("a", 63) + "é",
	} {
		fields := verify.EncodeRecord(withIDs(verify.Identity{Name: value}))
		if got := joined(t, fields, "name"); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func FuzzEncodeRecord(f *testing.F) {
	for _, seed := range []string{"Ada", "0" + strings.Repeat("\x8a", 70), strings.Repeat("📚", 40), strings.Repeat("\x80", 300), ""} {
		f.Add(seed, seed, seed)
	}
	f.Fuzz(func(t *testing.T, email, name, scope string) {
		i := withIDs(verify.Identity{Email: email, Name: name, Scopes: []string{scope}})
		fields := verify.EncodeRecord(i)
		for field, want := range map[string]string{"email": email, "name": name, "scope": scope} {
			if got := joined(t, fields, field); got != want {
				t.Errorf("%s: %q, want %q", field, got, want)
			}
		}
		for _, stale := range verify.StaleFields(i) {
			for n := 0; n < len(fields); n += 2 {
				if fields[n] == stale {
					t.Errorf("%s is written, and to be deleted", stale)
				}
			}
		}
	})
}

// A shorter record written over a longer one, field by field, reads as itself.
func TestARecordWrittenOverALongerOneHoldsNothingOfIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	sizes := []int{0, 1, 60, 64, 65, 128, 300}
	for _, before := range sizes {
		for _, after := range sizes {
			old, next := f.typical(), f.typical()
			old.Name, next.Name = strings.Repeat("o", before), strings.Repeat("n", after)
			old.Email, next.Email = "ada@books.test"+strings.Repeat("o", before), "ada@books.test"+strings.Repeat("n", after)
			raw, hash := f.put(old)
			f.redis.HSet(t.Context(), hash.Key(), verify.EncodeRecord(next))
			f.redis.HDel(t.Context(), hash.Key(), verify.StaleFields(next)...)
			if got, err := f.Verify(t.Context(), raw); err != nil || got.Name != next.Name || got.Email != next.Email {
				t.Fatalf("%d after %d: %q, %q, %v", after, before, got.Name, got.Email, err)
			}
		}
	}
}

func TestOnlyAWholeRecordIsOurs(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good := func() map[string]string {
		fields := map[string]string{}
		encoded := verify.EncodeRecord(withIDs(verify.Identity{Email: "ada@books.test", ExpiresAt: now, IdleExpiresAt: now}))
		for n := 0; n < len(encoded); n += 2 {
			fields[encoded[n]] = encoded[n+1]
		}
		return fields
	}
	if !verify.IsRecord(good()) {
		t.Fatal("our own record is not known")
	}
	for name, change := range map[string]func(map[string]string){
		"no session":                        func(f map[string]string) { delete(f, "sid") },
		"no account":                        func(f map[string]string) { delete(f, "sub") },
		"no end":                            func(f map[string]string) { delete(f, "exp") },
		"another spelling":                  func(f map[string]string) { f["exp"] = "+" + f["exp"] },
		"zeros before":                      func(f map[string]string) { f["idle"] = "0" + f["idle"] },
		"an id with a line break":           func(f map[string]string) { f["sub"] = f["sub"][:10] + "\n" + f["sub"][11:] },
		"an id with bits that mean nothing": func(f map[string]string) { f["sub"] = f["sub"][:21] + "B" },
		"an empty hash":                     func(f map[string]string) { clear(f) },
		"another program's hash":            func(f map[string]string) { clear(f); f["data"], f["sid"] = "x", "x" },
	} {
		fields := good()
		change(fields)
		if verify.IsRecord(fields) {
			t.Errorf("%s: %v is taken for a record", name, fields)
		}
	}
}
