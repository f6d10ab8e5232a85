package password_test

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/password"
)

// A wrong password must do as much work for a hash of older costs as for a present one, or
// for no account. The work of a hash is its memory times its passes.
func TestWrongPasswordCostsAsMuchWhateverTheHash(t *testing.T) {
	t.Parallel()
	least := password.DefaultParams()
	for name, now := range map[string]password.Params{
		"more passes":               {MemoryKiB: least.MemoryKiB, Time: 4, Threads: 1},
		"one pass more":             {MemoryKiB: least.MemoryKiB, Time: 3, Threads: 1},
		"more memory":               {MemoryKiB: 46 << 10, Time: 2, Threads: 1},
		"both":                      {MemoryKiB: 46 << 10, Time: 5, Threads: 1},
		"more memory, fewer passes": {MemoryKiB: 64 << 10, Time: 2, Threads: 1},
		"the same":                  least,
	} {
		before := []password.Params{least, {MemoryKiB: 19456, Time: 3, Threads: 1}}
		for _, then := range before {
			if uint64(then.MemoryKiB)*uint64(then.Time) > uint64(now.MemoryKiB)*uint64(now.Time) {
				continue
			}
			work := 0
			hasher, err := password.NewHasher(now, password.Peppers{}, rand.Reader, func(w password.Work) ([]byte, error) {
				work += int(w.Params.MemoryKiB) * (15*int(w.Params.Time) + 1)
				return make([]byte, w.Size), nil
			})
			if err != nil {
				t.Fatal(err)
			}
			during := func(do func() error) int {
				work = 0
				if err := do(); err != nil {
					t.Fatal(err)
				}
				return work
			}
			dummy := during(func() error { return hasher.VerifyDummy(secret) })
			phc := hash(t, newHasher(t, then, ""))
			wrong := during(func() error { _, _, err := hasher.Verify("another password", phc); return err })
			if diff := dummy - wrong; diff < 0 || diff > 16*31 {
				t.Errorf("%s, hashed with %v: the work %d for a wrong password, %d for no account", name, then, wrong, dummy)
			}
		}
	}
}

// The metric ratio is the median time of a wrong password for a hash of older costs in that
// for no account, tried in turns.
func BenchmarkWrongPasswordForAHashOfOlderCosts(b *testing.B) {
	now := password.Params{MemoryKiB: 19456, Time: 3, Threads: 1}
	hasher, err := password.NewHasher(now, password.Peppers{}, rand.Reader, password.InProcess)
	if err != nil {
		b.Fatal(err)
	}
	older, err := password.NewHasher(password.DefaultParams(), password.Peppers{}, rand.Reader, password.InProcess)
	if err != nil {
		b.Fatal(err)
	}
	phc, err := older.Hash(secret)
	if err != nil {
		b.Fatal(err)
	}
	var took [2][]time.Duration
	for b.Loop() {
		for kind, try := range []func() error{
			func() error { return hasher.VerifyDummy("another password") },
			func() error { _, _, err := hasher.Verify("another password", phc); return err },
		} {
			began := time.Now()
			if err := try(); err != nil {
				b.Fatal(err)
			}
			took[kind] = append(took[kind], time.Since(began))
		}
	}
	median := func(all []time.Duration) float64 {
		slices.Sort(all)
		return float64(all[len(all)/2])
	}
	b.ReportMetric(median(took[1])/median(took[0]), "ratio")
}
