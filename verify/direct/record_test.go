package direct_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

// encoded is the record of a principal under the test's ring.
func encoded(t testing.TB, ring *token.KeyRing, i verify.Principal) string {
	t.Helper()
	b, err := record.Encode(ring, i)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDamagedRecordsAreCountedAndReported(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	var reported []token.Hash
	d := newVerifier(t, f.redis, f.ring, direct.Options{Strict: true, Damaged: func(h token.Hash) { reported = append(reported, h) }})
	_, other := f.put(f.typical())
	copied, hash := f.put(f.typical())
	if err := f.redis.Set(t.Context(), hash.Key(), f.redis.Get(t.Context(), other.Key()).Val(), 0).Err(); err != nil {
		t.Fatal(err)
	}
	older, olderHash := f.put(f.typical())
	f.redis.Del(t.Context(), olderHash.Key())
	f.redis.HSet(t.Context(), olderHash.Key(), "sid", "AaIM3mvTdTGKybFjb7HLVQ", "email", "ada@books.test")
	for name, raw := range map[string]string{"the record of another token": copied, "of the older form, a hash": older} {
		if got, err := d.Verify(t.Context(), raw); !errors.Is(err, verify.ErrUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
			t.Errorf("%s: %+v, %v; want ErrUnavailable", name, got, err)
		}
	}
	if _, err := d.Verify(t.Context(), copied); !errors.Is(err, record.ErrInvalid) {
		t.Errorf("%v; want it to name record.ErrInvalid", err)
	}
	if n := d.Stats().BadRecords; n != 3 || len(reported) != 3 {
		t.Errorf("%d counted, %d reported, want 3", n, len(reported))
	}
	missing, missingHash := f.put(f.typical())
	f.redis.Del(t.Context(), missingHash.Key())
	if _, err := d.Verify(t.Context(), missing); !errors.Is(err, verify.ErrInvalidToken) || d.Stats().BadRecords != 3 {
		t.Errorf("a missing record is not damaged: %v", err)
	}
}

// A program's token belongs to no person and has no idle timeout.
func TestTokenOfAProgramVerifies(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	want := verify.Principal{
		Kind: verify.KindClient, Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55",
		Audiences: []string{"books"}, Scopes: []string{"books:read"}, IssuedAt: f.now, ExpiresAt: f.now.Add(time.Hour),
	}
	raw, hash := f.put(want)
	want.Hash = hash
	if got, err := f.Verify(t.Context(), raw); err != nil || !reflect.DeepEqual(got, &want) || !got.EndsAt().Equal(want.ExpiresAt) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	f.now = want.ExpiresAt
	if _, err := f.Verify(t.Context(), raw); !errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("at its end: %v", err)
	}
	// A person through a client.
	through := f.typical()
	through.Client = "01a20cde-6bd3-7531-8ac9-b1636fb1cb56"
	raw, hash = f.put(through)
	through.Hash = hash
	if got, err := f.Verify(t.Context(), raw); err != nil || !reflect.DeepEqual(got, &through) {
		t.Errorf("%+v, %v; want %+v", got, err, through)
	}
}

// Redis may have another clock: the times in the record count.
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
