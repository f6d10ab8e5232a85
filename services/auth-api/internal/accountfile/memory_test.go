package accountfile_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/accountfile"
)

// held takes accounts, and measures the memory that is in use meanwhile.
type held struct {
	calls int
	most  uint64
}

func (h *held) Import(_ context.Context, all []account.Import, _ bool) ([]account.Imported, error) {
	if h.calls++; h.calls%20 == 0 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		h.most = max(h.most, m.HeapAlloc)
	}
	became := make([]account.Imported, len(all))
	for i := range became {
		became[i] = account.Added
	}
	return became, nil
}

// Besides the fingerprints, whose number is bounded, nothing of a line is kept. It is not
// parallel, since it measures the memory of the process.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	var h held
	r, w := io.Pipe()
	const count = 100_000
	go func() {
		for n := range count {
			fmt.Fprintf(w, `{"email":"person%d@books.test","name":"Person %d",%s}`+"\n", n, n, fast)
		}
		_ = w.Close()
	}()
	totals, err := accountfile.Import(t.Context(), r, accountfile.Options{Accounts: &h, Report: func(accountfile.Entry) error { return nil }})
	if err != nil || totals.Added != count {
		t.Fatalf("%+v, %v", totals, err)
	}
	if most := h.most >> 20; most > 32 {
		t.Errorf("%d MiB are in use", most)
	}
	t.Logf("%d MiB in use at most", h.most>>20)
}
