package code_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/servicekey"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const ada = "ada@books.test"

type world struct {
	*authtest.World
	*code.Codes
	t *testing.T
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := authtest.New(t)
	return &world{w, code.New(w.Store, w.Service, rand.Reader, w.Clock.Now), t}
}

func (w *world) tx(work func(ctx context.Context, tx pgx.Tx) error) error {
	return w.Store.Tx(w.t.Context(), work)
}

func (w *world) request(address string) (id uuid.UUID, err error) {
	err = w.tx(func(ctx context.Context, tx pgx.Tx) error {
		id, err = w.Request(ctx, tx, code.ResetPassword, code.Owner{Address: address})
		return err
	})
	return id, err
}

// sent is a request whose code was sent to the owner.
func (w *world) sent(o code.Owner) (id uuid.UUID, typed string) {
	w.t.Helper()
	id, err := w.request(o.Address)
	if err != nil {
		w.t.Fatal(err)
	}
	return id, w.mint(id, o)
}

func (w *world) mint(id uuid.UUID, o code.Owner) (typed string) {
	w.t.Helper()
	err := w.tx(func(ctx context.Context, tx pgx.Tx) error {
		var ok bool
		var err error
		if typed, ok, err = w.Mint(ctx, tx, id, code.ResetPassword, o); err == nil && !ok {
			err = fmt.Errorf("no code for %s", id)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return typed
}

func (w *world) spend(id uuid.UUID, typed string) error {
	return w.tx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := w.Spend(ctx, tx, id, typed, code.ResetPassword)
		return err
	})
}

func owner(address string) code.Owner { return code.Owner{Account: uuid.New(), Address: address} }

func TestCodeIsGoodOnceHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, typed := range map[string]func(string) string{
		"as it was mailed": func(s string) string { return s },
		"in lower case":    strings.ToLower,
		"without a hyphen": func(s string) string { return strings.ReplaceAll(s, "-", "") },
		"with spaces":      func(s string) string { return " " + strings.ReplaceAll(s, "-", " ") + " " },
	} {
		o := owner(name[:2] + "@books.test")
		id, minted := w.sent(o)
		got, err := w.Check(t.Context(), id, typed(minted), code.ResetPassword)
		authtest.WantCode(t, name, err, "")
		if got != o {
			t.Errorf("%s: of %+v, want %+v", name, got, o)
		}
		authtest.WantCode(t, name, w.spend(id, typed(minted)), "")
		authtest.WantCode(t, name+", again", w.spend(id, typed(minted)), fault.InvalidCode)
		_, err = w.Check(t.Context(), id, typed(minted), code.ResetPassword)
		authtest.WantCode(t, name+", checked again", err, fault.InvalidCode)
	}
}

func TestWrongCodesAreAllRefusedInTheSameWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, minted := w.sent(owner(ada))
	other, others := w.sent(owner("grace@books.test"))
	unsent, err := w.request("nobody@books.test")
	authtest.WantCode(t, "request", err, "")
	words := map[string]bool{}
	for name, c := range map[string]struct {
		id      uuid.UUID
		purpose code.Purpose
		typed   string
	}{
		"another code":         {id, code.ResetPassword, "BCDF-GHJK"},
		"of another request":   {id, code.ResetPassword, others},
		"for another purpose":  {other, "verify_address", others},
		"of no request":        {uuid.New(), code.ResetPassword, minted},
		"a request never sent": {unsent, code.ResetPassword, "BCDF-GHJK"},
	} {
		_, err := w.Check(t.Context(), c.id, c.typed, c.purpose)
		authtest.WantCode(t, name, err, fault.InvalidCode)
		words[err.Error()] = true
	}
	for range 2 * code.MaxMisses {
		for _, typed := range []string{"", "BCDF-GHJ", "BCDF-GHJKL", "AEIO-UAEI", "1234-5678", "' OR 1=1"} {
			_, err := w.Check(t.Context(), id, typed, code.ResetPassword)
			authtest.WantInvalid(t, typed, err, "code", "invalid")
		}
	}
	if len(words) != 1 {
		t.Errorf("%d ways to refuse: %v", len(words), words)
	}
	_, err = w.Check(t.Context(), id, minted, code.ResetPassword)
	authtest.WantCode(t, "the right one after two misses, and after what is no code", err, "")
}

func TestFifthMissKillsCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, minted := w.sent(owner(ada))
	for range code.MaxMisses {
		_, err := w.Check(t.Context(), id, "BCDF-GHJK", code.ResetPassword)
		authtest.WantCode(t, "miss", err, fault.InvalidCode)
	}
	_, err := w.Check(t.Context(), id, minted, code.ResetPassword)
	authtest.WantCode(t, "check", err, fault.InvalidCode)
	authtest.WantCode(t, "spend", w.spend(id, minted), fault.InvalidCode)
	// A mail that is sent once more brings no new tries.
	again := w.mint(id, code.Owner{Account: uuid.New(), Address: ada})
	_, err = w.Check(t.Context(), id, again, code.ResetPassword)
	authtest.WantCode(t, "minted again", err, fault.InvalidCode)
}

func TestParallelGuessesStayWithinTheMisses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, minted := w.sent(owner(ada))
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			_, err := w.Check(t.Context(), id, "BCDF-GHJK", code.ResetPassword)
			authtest.WantCode(t, "guess", err, fault.InvalidCode)
		})
	}
	wait.Wait()
	if got := w.Text(`SELECT misses FROM codes WHERE id = $1`, id); got != fmt.Sprint(code.MaxMisses) {
		t.Errorf("%s misses are counted", got)
	}
	authtest.WantCode(t, "the right one", w.spend(id, minted), fault.InvalidCode)
}

func TestOfTwoAtOnceOneSpendsTheCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, minted := w.sent(owner(ada))
	var won atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if err := w.spend(id, minted); err == nil {
				won.Add(1)
			} else {
				authtest.WantCode(t, "spend", err, fault.InvalidCode)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("it was spent %d times", won.Load())
	}
}

func TestLifetimeBeginsWhenTheMailIsHandedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, minted := w.sent(owner(ada))
	w.Clock.Move(9 * time.Minute)
	authtest.WantCode(t, "hand over", w.tx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := w.HandedOver(ctx, tx, id, code.ResetPassword, w.Clock.Now())
		return err
	}), "")
	w.Clock.Move(code.Lifetime - time.Second)
	_, err := w.Check(t.Context(), id, minted, code.ResetPassword)
	authtest.WantCode(t, "just before its end", err, "")
	w.Clock.Move(time.Second)
	_, err = w.Check(t.Context(), id, minted, code.ResetPassword)
	authtest.WantCode(t, "at its end", err, fault.InvalidCode)
}

func TestCodeMintedAgainEndsTheOneBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := owner(ada)
	id, before := w.sent(o)
	after := w.mint(id, o)
	authtest.WantCode(t, "the one before", w.spend(id, before), fault.InvalidCode)
	authtest.WantCode(t, "the newest", w.spend(id, after), "")
	err := w.tx(func(ctx context.Context, tx pgx.Tx) error {
		if _, ok, err := w.Mint(ctx, tx, id, code.ResetPassword, o); err != nil || ok {
			return fmt.Errorf("a spent request was minted: %v, %w", ok, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A code proves the address that it was requested for, and no other.
func TestCodeProvesOnlyItsAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, err := w.request(ada)
	authtest.WantCode(t, "request", err, "")
	err = w.tx(func(ctx context.Context, tx pgx.Tx) error {
		if _, ok, err := w.Mint(ctx, tx, id, code.ResetPassword, owner("grace@books.test")); err != nil || ok {
			return fmt.Errorf("minted for another address: %v, %w", ok, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestVoidedAndForgottenCodesAreDead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, end := range map[string]func(ctx context.Context, tx pgx.Tx, account uuid.UUID) error{"voided": w.Void, "forgotten": w.Forget} {
		o := owner(name + "@books.test")
		id, minted := w.sent(o)
		kept, keeps := w.sent(owner("not" + o.Address))
		authtest.WantCode(t, name, w.tx(func(ctx context.Context, tx pgx.Tx) error { return end(ctx, tx, o.Account) }), "")
		authtest.WantCode(t, name, w.spend(id, minted), fault.InvalidCode)
		authtest.WantCode(t, name+", another account's", w.spend(kept, keeps), "")
	}
}

func TestAddressIsSentOnlySoMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wait sync.WaitGroup
	var allowed atomic.Int64
	for n := range 3 * code.Hourly {
		wait.Go(func() {
			_, err := w.request([]string{ada, strings.ToUpper(ada)}[n%2])
			if err == nil {
				allowed.Add(1)
			} else {
				authtest.WantCode(t, "request", err, fault.TooManyAttempts)
			}
		})
	}
	wait.Wait()
	if allowed.Load() != code.Hourly {
		t.Errorf("%d requests at once, want %d", allowed.Load(), code.Hourly)
	}
	_, err := w.request("grace@books.test")
	authtest.WantCode(t, "of another address", err, "")
	total := int(allowed.Load())
	for range 30 {
		w.Clock.Move(time.Hour / 2)
		if _, err := w.request(ada); err == nil {
			total++
		}
	}
	if total != code.Daily {
		t.Errorf("%d within a day, want %d", total, code.Daily)
	}
	w.Clock.Move(24 * time.Hour)
	_, err = w.request(ada)
	authtest.WantCode(t, "the day after", err, "")
}

func TestCodesOfAnOlderKeyAreGoodWhileTheRingHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const older, newer = "s1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "s2:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
	ring := func(text string) *servicekey.Ring {
		r, err := servicekey.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	w.Codes = code.New(w.Store, ring(older), rand.Reader, w.Clock.Now)
	id, minted := w.sent(owner(ada))
	for text, want := range map[string]fault.Code{newer: fault.InvalidCode, newer + "," + older: ""} {
		_, err := code.New(w.Store, ring(text), rand.Reader, w.Clock.Now).Check(t.Context(), id, minted, code.ResetPassword)
		authtest.WantCode(t, text[:2], err, want)
	}
}

func TestDumpHoldsNoCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, minted := w.sent(owner(ada))
	dump := w.Text(`SELECT json_agg(c) FROM codes c`)
	for _, part := range []string{minted, strings.ReplaceAll(minted, "-", ""), minted[:4]} {
		if strings.Contains(dump, part) {
			t.Errorf("%s stands in %s", part, dump)
		}
	}
}

func TestOldRequestsAreDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sent(owner(ada))
	w.Clock.Move(23 * time.Hour)
	w.sent(owner("grace@books.test"))
	w.Clock.Move(2 * time.Hour)
	if n, err := w.SweepOnce(t.Context()); err != nil || n != 1 {
		t.Errorf("deleted %d, %v", n, err)
	}
	if left := w.Text(`SELECT string_agg(address, ' ') FROM codes`); left != "grace@books.test" {
		t.Errorf("left %q", left)
	}
}
