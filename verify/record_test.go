package verify_test

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
)

// Values of every length around the limit of 64 bytes, cut between characters.
func TestLongValuesSurviveInParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for name, character := range map[string]string{"one byte": "a", "two": "ü", "three": "書", "four": "📚"} {
		for _, before := range []string{"", "x", "xx", "xxx"} {
			for _, n := range []int{1, 15, 16, 21, 22, 31, 32, 33, 63, 64, 65, 127, 128, 129} {
				want := f.typical()
				want.Name = before + strings.Repeat(character, n)
				want.Email = strings.Repeat("a", n) + "@books.test"
				fields := verify.EncodeRecord(want)
				for i := 0; i < len(fields); i += 2 {
					if len(fields[i+1]) > 64 || fields[i+1] == "" || !utf8.ValidString(fields[i+1]) {
						t.Fatalf("%s, %d of them after %q: field %s is %q", name, n, before, fields[i], fields[i+1])
					}
				}
				raw, hash := f.put(want)
				want.Hash = hash
				if got, err := f.Verify(t.Context(), raw); err != nil || !reflect.DeepEqual(got, want) {
					t.Fatalf("%s, %d of them after %q: %v\ngot  %+v\nwant %+v", name, n, before, err, got, want)
				}
			}
		}
	}
}

// Over the limit of one field Redis would spread the record out (listpack to
// hashtable), and it would take two and a half times as much.
func TestRecordKeepsItsCompactForm(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for name, email := range map[string]string{
		"an address of 30 bytes":  "ada.lovelace.at.184@books.test",
		"an address of 254 bytes": strings.Repeat("a", 243) + "@books.test",
	} {
		i := f.typical()
		i.Email = email
		_, hash := f.put(i)
		if err := f.redis.PExpireAt(t.Context(), hash.Key(), i.EndsAt()).Err(); err != nil {
			t.Fatal(err)
		}
		if form, err := f.redis.ObjectEncoding(t.Context(), hash.Key()).Result(); err != nil || (form != "listpack" && form != "ziplist") {
			t.Errorf("%s: kept as %s, %v", name, form, err)
		}
		size, err := f.redis.MemoryUsage(t.Context(), hash.Key()).Result()
		if err != nil || len(email) <= 30 && size >= 300 {
			t.Errorf("%s: %d bytes, %v; want fewer than 300", name, size, err)
		}
		t.Logf("%s: %d bytes", name, size)
	}
}

// Ids of another kind were not written by us; they say nothing of the token.
func TestRecordOfForeignIDsIsUnavailable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for name, change := range map[string]func(*verify.Identity){
		"a session of version 4":     func(i *verify.Identity) { i.SessionID = uuid.NewString() },
		"a session that is a number": func(i *verify.Identity) { i.SessionID = "1" },
		"no session":                 func(i *verify.Identity) { i.SessionID = "" },
		"no account":                 func(i *verify.Identity) { i.AccountID = "" },
		"an account that is a name":  func(i *verify.Identity) { i.AccountID = "ada" },
		"no address":                 func(i *verify.Identity) { i.Email = "" },
	} {
		i := f.typical()
		change(&i)
		raw, _ := f.put(i)
		if got, err := f.Verify(t.Context(), raw); !errors.Is(err, verify.ErrUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
			t.Errorf("%s: %+v, %v; want ErrUnavailable", name, got, err)
		}
	}
	for _, field := range []string{"exp", "idle"} {
		for _, value := range []string{"", "soon", "1.5", "0x10", "99999999999999999999", "2026-11-24T00:00:00Z", " 1"} {
			raw, hash := f.put(f.typical())
			f.redis.HSet(t.Context(), hash.Key(), field, value)
			if got, err := f.Verify(t.Context(), raw); !errors.Is(err, verify.ErrUnavailable) {
				t.Errorf("%s is %q: %+v, %v; want ErrUnavailable", field, value, got, err)
			}
		}
	}
}

func TestFieldsOfTheFutureAreLeftAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	want := f.typical()
	raw, hash := f.put(want)
	want.Hash = hash
	f.redis.HSet(t.Context(), hash.Key(), "device", "a telephone")
	if got, err := f.Verify(t.Context(), raw); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Redis's clock is another machine's: the record's own times count.
func TestTokenDiesByTheVerifiersClock(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for name, idle := range map[string]time.Duration{"idle": time.Hour, "at its lifetime": 48 * time.Hour} {
		i := f.typical()
		i.ExpiresAt, i.IdleExpiresAt = f.now.Add(24*time.Hour), f.now.Add(idle)
		raw, _ := f.put(i)
		begin, end := f.now, i.EndsAt()
		for _, c := range []struct {
			at    time.Time
			alive bool
		}{{begin, true}, {end.Add(-time.Nanosecond), true}, {end, false}, {end.Add(time.Hour), false}} {
			f.now = c.at
			_, err := f.Verify(t.Context(), raw)
			if (err == nil) != c.alive || err != nil && (!errors.Is(err, verify.ErrInvalidToken) || errors.Is(err, verify.ErrUnavailable)) {
				t.Errorf("%s, %v before its end: %v, alive should be %v", name, end.Sub(c.at), err, c.alive)
			}
		}
		f.now = begin
	}
}

func TestIdleFieldMovesTheIdleEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	raw, hash := f.put(f.typical())
	later := f.now.Add(20 * time.Hour)
	field, value := verify.IdleField(later)
	f.redis.HSet(t.Context(), hash.Key(), field, value)
	if got, err := f.Verify(t.Context(), raw); err != nil || !got.IdleExpiresAt.Equal(later) || value != strconv.FormatInt(later.Unix(), 10) {
		t.Errorf("%+v, %v; want %v", got, err, later)
	}
}
