package password_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"runtime"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/password"
)

const secret = "violet teapot marches north"

// Made with the command line tool of the reference implementation
// (phc-winner-argon2 20171227), such as
//
//	printf %s password | argon2 somesaltsomesalt -id -t 2 -k 19456 -p 1 -l 32 -e
//
// The third is also in that implementation's own tests.
func TestAgreesWithTheReferenceImplementation(t *testing.T) {
	t.Parallel()
	zero := newHasher(t, password.DefaultParams(), "z:"+base64.StdEncoding.EncodeToString(make([]byte, 32)))
	for _, c := range []struct {
		name, password, phc string
		rehash              bool
	}{
		{"default costs", "password", "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$K13EBUiG7JV+9ZxztmHFTdb7J0WQsnj2V8bZaqyPptE", true},
		{"two lanes", "correct horse battery staple", "$argon2id$v=19$m=32768,t=3,p=2$MDEyMzQ1Njc4OWFiY2RlZg$hb64UYeeQQSD76oONGdApt4pws67LvNPkguPYl30/U4", true},
		{"a short salt", "password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", true},
		{"low costs and a short tag", "password", "$argon2id$v=19$m=64,t=1,p=4$c29tZXNhbHQ$43BKTziG9nKOM5EDNWF6yA", true},
		{"composed characters", "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e", "$argon2id$v=19$m=19456,t=2,p=1$ZmVkY2JhOTg3NjU0MzIxMA$lbokrpRTf+1T6SKr1pX/sIx7A+FvhOVoactU+Bd1w9o", true},
		{"decomposed characters", "cafe\u0301 cre\u0300me bru\u0302le\u0301e", "$argon2id$v=19$m=19456,t=2,p=1$ZmVkY2JhOTg3NjU0MzIxMA$lbokrpRTf+1T6SKr1pX/sIx7A+FvhOVoactU+Bd1w9o", true},
		// The input was openssl's HMAC-SHA-256 under 32 zero bytes.
		{"a pepper", "password", "$argon2id$v=19$m=19456,t=2,p=1,keyid=z$c29tZXNhbHRzb21lc2FsdA$8W9HhtzTgL7s+RinIEuS8yYgjkw/BAMPkFCjtnqQt/0", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if ok, rehash, err := zero.Verify(c.password, c.phc); !ok || err != nil || rehash != c.rehash {
				t.Errorf("right password: ok %v, rehash %v, %v; want true, %v, nil", ok, rehash, err, c.rehash)
			}
			if ok, rehash, err := zero.Verify(c.password+"x", c.phc); ok || rehash || err != nil {
				t.Errorf("wrong password: ok %v, rehash %v, %v; want false, false, nil", ok, rehash, err)
			}
		})
	}
}

func TestHashesWithTheGivenSalt(t *testing.T) {
	t.Parallel()
	// The dummy hash takes 16 and 32 bytes, then comes the salt.
	random := strings.NewReader(strings.Repeat("n", 48) + "somesaltsomesalt")
	hasher, err := password.NewHasher(password.DefaultParams(), password.Peppers{}, random, password.InProcess)
	if err != nil {
		t.Fatal(err)
	}
	phc, err := hasher.Hash("password")
	if err != nil {
		t.Fatal(err)
	}
	if want := "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$K13EBUiG7JV+9ZxztmHFTdb7J0WQsnj2V8bZaqyPptE"; phc != want {
		t.Errorf("got %s, want %s", phc, want)
	}
	if phc, err := hasher.Hash("password"); err == nil {
		t.Errorf("hashed without randomness: %s", phc)
	}
}

func TestNeverMakesTheSameHashTwice(t *testing.T) {
	t.Parallel()
	hasher := newHasher(t, password.DefaultParams(), "")
	one, two := hash(t, hasher), hash(t, hasher)
	if one == two {
		t.Errorf("two hashes of one password are both %s", one)
	}
	for _, phc := range []string{one, two} {
		if ok, rehash, err := hasher.Verify(secret, phc); !ok || rehash || err != nil {
			t.Errorf("ok %v, rehash %v, %v; want true, false, nil", ok, rehash, err)
		}
	}
}

func TestAsksForARehash(t *testing.T) {
	t.Parallel()
	const (
		a = "a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
		b = "b:YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI="
	)
	now := password.DefaultParams()
	more := password.Params{MemoryKiB: now.MemoryKiB + 1024, Time: now.Time, Threads: now.Threads}
	longer := password.Params{MemoryKiB: now.MemoryKiB, Time: now.Time + 1, Threads: now.Threads}
	for _, c := range []struct {
		name               string
		then, now          password.Params
		pepperThen, pepper string
		rehash             bool
		err                error
	}{
		{"nothing changed", now, now, "", "", false, nil},
		{"more memory", now, more, "", "", true, nil},
		{"more passes", now, longer, "", "", true, nil},
		{"less memory", more, now, "", "", false, nil},
		{"the same pepper", now, now, a, a, false, nil},
		{"peppers come into use", now, now, "", a, true, nil},
		{"a new pepper in front", now, now, a, b + "," + a, true, nil},
		{"a new pepper behind", now, now, a, a + "," + b, false, nil},
		{"the pepper is gone", now, now, a, b, false, password.ErrUnknownPepper},
		{"all peppers are gone", now, now, a, "", false, password.ErrUnknownPepper},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			phc := hash(t, newHasher(t, c.then, c.pepperThen))
			hasher := newHasher(t, c.now, c.pepper)
			ok, rehash, err := hasher.Verify(secret, phc)
			if !errors.Is(err, c.err) || ok != (c.err == nil) || rehash != c.rehash {
				t.Errorf("ok %v, rehash %v, %v; want %v, %v, %v", ok, rehash, err, c.err == nil, c.rehash, c.err)
			}
			if ok, rehash, _ := hasher.Verify("another password", phc); ok || rehash {
				t.Errorf("a wrong password: ok %v, rehash %v; want neither", ok, rehash)
			}
		})
	}
}

func TestPepperIsNeededToGuess(t *testing.T) {
	t.Parallel()
	phc := hash(t, newHasher(t, password.DefaultParams(), "a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="))
	other := newHasher(t, password.DefaultParams(), "a:YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI=")
	if ok, _, err := other.Verify(secret, phc); ok || err != nil {
		t.Errorf("another key of that id: ok %v, %v; want false, nil", ok, err)
	}
	without := strings.Replace(phc, ",keyid=a", "", 1)
	if ok, _, err := newHasher(t, password.DefaultParams(), "").Verify(secret, without); ok || err != nil {
		t.Errorf("without a pepper: ok %v, %v; want false, nil", ok, err)
	}
}

// Otherwise a failure would show that the account exists.
func TestVerifyDummyFailsAsVerifyDoes(t *testing.T) {
	t.Parallel()
	phc := hash(t, newHasher(t, password.DefaultParams(), ""))
	broken := errors.New("no worker")
	hasher, err := password.NewHasher(password.DefaultParams(), password.Peppers{}, rand.Reader, func(password.Work) ([]byte, error) { return nil, broken })
	if err != nil {
		t.Fatal(err)
	}
	if ok, rehash, err := hasher.Verify(secret, phc); ok || rehash || !errors.Is(err, broken) {
		t.Errorf("Verify: %v, %v, %v", ok, rehash, err)
	}
	if err := hasher.VerifyDummy(secret); !errors.Is(err, broken) {
		t.Errorf("VerifyDummy: %v", err)
	}
	if phc, err := hasher.Hash(secret); phc != "" || !errors.Is(err, broken) {
		t.Errorf("Hash: %q, %v", phc, err)
	}
}

// The cost is compared in bytes allocated, which unlike time are the same in every run.
// The test is not parallel because it measures the whole process.
func TestVerifyDummyCostsAsMuchAsVerify(t *testing.T) {
	params := password.Params{MemoryKiB: 24 << 10, Time: 2, Threads: 1}
	for _, peppers := range []string{"", "a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="} {
		hasher := newHasher(t, params, peppers)
		phc := hash(t, hasher)
		measure := func(work func()) int64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			work()
			runtime.ReadMemStats(&after)
			return int64(after.TotalAlloc - before.TotalAlloc)
		}
		verify := measure(func() { _, _, _ = hasher.Verify("another password", phc) })
		dummy := measure(func() { _ = hasher.VerifyDummy("another password") })
		if least := int64(params.MemoryKiB) << 10; verify < least || dummy < least || max(verify, dummy)-min(verify, dummy) > 64<<10 {
			t.Errorf("Verify takes %d bytes, VerifyDummy %d, both should take a little over %d", verify, dummy, least)
		}
	}
}

func TestRefusesWeakParams(t *testing.T) {
	t.Parallel()
	least := password.DefaultParams()
	for name, params := range map[string]password.Params{
		"nothing":         {},
		"too few KiB":     {MemoryKiB: least.MemoryKiB - 1, Time: 8, Threads: 1},
		"too few passes":  {MemoryKiB: 65536, Time: 1, Threads: 1},
		"no lanes":        {MemoryKiB: 65536, Time: 3},
		"too many KiB":    {MemoryKiB: 1 << 20, Time: 2, Threads: 1},
		"too many passes": {MemoryKiB: least.MemoryKiB, Time: 11, Threads: 1},
		"too many lanes":  {MemoryKiB: least.MemoryKiB, Time: 2, Threads: 17},
	} {
		if _, err := password.NewHasher(params, password.Peppers{}, rand.Reader, password.InProcess); err == nil {
			t.Errorf("%s: %v accepted", name, params)
		}
	}
}

func newHasher(tb testing.TB, params password.Params, peppers string) *password.Hasher {
	tb.Helper()
	keys, err := password.ParsePeppers(peppers)
	if err != nil {
		tb.Fatal(err)
	}
	hasher, err := password.NewHasher(params, keys, rand.Reader, password.InProcess)
	if err != nil {
		tb.Fatal(err)
	}
	return hasher
}

func hash(tb testing.TB, hasher *password.Hasher) string {
	tb.Helper()
	phc, err := hasher.Hash(secret)
	if err != nil {
		tb.Fatal(err)
	}
	return phc
}

func BenchmarkHash(b *testing.B) {
	hasher := newHasher(b, password.DefaultParams(), "")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := hasher.Hash(secret); err != nil {
			b.Fatal(err)
		}
	}
}
