package client_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/servicekey"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// world is a client service on real stores, with an API that it is for.
type world struct {
	*client.Service
	*client.Authenticator
	t     *testing.T
	redis authtest.Redis
	sql   func(statement string, args ...any)
	store *client.Store
	base  *authtest.World
}

// Tests write records directly, and the change must be visible at once.
func newWorld(t *testing.T, redisURL string) *world { return newWorldThat(t, redisURL, true) }

func newWorldThat(t *testing.T, redisURL string, strict bool) *world {
	t.Helper()
	return newWorldWith(t, redisURL, schematest.Database(t), serviceRing, strict)
}

const (
	serviceRing = "s1:YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3ODlhYmNkZWY="
	newerRing   = "s2:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

func newSealer(t *testing.T, text string) *client.Sealer {
	t.Helper()
	ring, err := servicekey.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := client.NewSealer(ring)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// newWorldWith uses the ring. The database is made by schematest.
func newWorldWith(t *testing.T, redisURL, url, ring string, strict bool) *world {
	t.Helper()
	base := authtest.On(t, authtest.Stores{Postgres: url, Redis: redisURL})
	w := &world{t: t, redis: base.Redis, sql: base.SQL, store: client.NewStore(base.Store), base: base}
	records, err := client.NewCachedRecords(client.NewRedisRecords(w.redis, newSealer(t, ring), time.Second), 500*time.Millisecond, strict, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = records.Close() })
	w.Authenticator = client.NewAuthenticator(records)
	w.Service = client.New(client.Options{
		Store: w.store, Records: records, Authorizations: base.Authorizations, Audit: base.Recorder(), Random: rand.Reader, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	w.sql(`INSERT INTO apis (id, audience, scopes) VALUES (gen_random_uuid(), 'books', '{books:read,books:write}') ON CONFLICT DO NOTHING`)
	return w
}

func (w *world) create() client.Credentials {
	w.t.Helper()
	return w.register(client.Registration{Audience: "books"})
}

func (w *world) register(r client.Registration) client.Credentials {
	w.t.Helper()
	made, err := w.Create(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func (w *world) admits(c client.Credentials) bool {
	w.t.Helper()
	_, err := w.Authenticate(context.Background(), c.ID.String(), c.Secret)
	if err != nil && fault.CodeOf(err) != fault.InvalidClient {
		w.t.Fatal(err)
	}
	return err == nil
}

func (w *world) record(id uuid.UUID) map[string]string {
	w.t.Helper()
	return w.redis.HGetAll(w.t.Context(), "client:"+id.String()).Val()
}

func TestRecordSaysWhatTheAPIOffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	made := w.create()
	who, err := w.Authenticate(t.Context(), made.ID.String(), made.Secret)
	if err != nil || who.ID != made.ID || who.Audience != "books" || !slices.Equal(who.Scopes, []string{"books:read", "books:write"}) {
		t.Errorf("%+v, %v", who, err)
	}
	if got := who.Narrow([]string{"account", "books:write", "shop:buy"}); !slices.Equal(got, []string{"books:write"}) {
		t.Errorf("narrowed to %q", got)
	}
	for field, value := range w.record(made.ID) {
		if strings.Contains(value, made.Secret) || strings.Contains(value, made.Secret[4:]) {
			t.Errorf("%s holds the secret", field)
		}
	}
	w.sql(`UPDATE apis SET scopes = '{books:read}'`)
	if err := w.Follow(t.Context(), "books"); err != nil {
		t.Fatal(err)
	}
	if who, err := w.Authenticate(t.Context(), made.ID.String(), made.Secret); err != nil || !slices.Equal(who.Scopes, []string{"books:read"}) {
		t.Errorf("after the API changed: %+v, %v", who, err)
	}
}

func TestReconcileCorrectsOnlyRecordsThatDiffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	good, lost, changed, ended, never := w.create(), w.create(), w.create(), w.create(), w.create()
	if err := w.Disable(t.Context(), never.ID); err != nil {
		t.Fatal(err)
	}
	old := w.record(ended.ID)
	if err := w.Disable(t.Context(), ended.ID); err != nil {
		t.Fatal(err)
	}
	w.redis.Del(t.Context(), "client:"+lost.ID.String())
	w.redis.HSet(t.Context(), "client:"+changed.ID.String(), "aud", "shop")
	w.redis.HSet(t.Context(), "client:"+ended.ID.String(), old)
	if !w.admits(ended) || w.admits(lost) {
		t.Fatal("the records are not as they should be before")
	}
	before := w.record(good.ID)
	if n, err := w.ReconcileOnce(t.Context()); n != 3 || err != nil {
		t.Errorf("corrected %d, %v; want 3", n, err)
	}
	if w.admits(ended) || !w.admits(lost) || !w.admits(changed) || w.record(changed.ID)["aud"] != "books" || !maps.Equal(before, w.record(good.ID)) {
		t.Error("not as Postgres has it")
	}
	if n, err := w.ReconcileOnce(t.Context()); n != 0 || err != nil {
		t.Errorf("corrected %d again, %v", n, err)
	}
}

func TestUnreadableRecordIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	made := w.create()
	for name, fields := range map[string][]string{
		"no audience": {"scope", "a", "secret.0", strings.Repeat("A", 43)}, "no secret": {"aud", "books"},
		"no hash": {"aud", "books", "secret.0", "***"}, "a short hash": {"aud", "books", "secret.0", "AAAA"},
	} {
		w.redis.Del(t.Context(), "client:"+made.ID.String())
		w.redis.HSet(t.Context(), "client:"+made.ID.String(), fields)
		if _, err := w.Authenticate(t.Context(), made.ID.String(), made.Secret); fault.CodeOf(err) != fault.StoreUnavailable {
			t.Errorf("%s: %v", name, err)
		}
		if n, err := w.ReconcileOnce(t.Context()); n != 1 || err != nil || !w.admits(made) {
			t.Errorf("%s: corrected %d, %v", name, n, err)
		}
	}
}

func TestStoreFailureIsNoRefusal(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	w := newWorld(t, proxy.URL)
	made := w.create()
	proxy.Cut()
	_, err := w.Authenticate(t.Context(), made.ID.String(), made.Secret)
	if fault.CodeOf(err) != fault.StoreUnavailable {
		t.Errorf("%v", err)
	}
	// Credentials of a wrong form are refused without Redis.
	if _, err := w.Authenticate(t.Context(), made.ID.String(), "nonsense"); fault.CodeOf(err) != fault.InvalidClient {
		t.Errorf("nonsense: %v", err)
	}
	second, err := w.Rotate(t.Context(), made.ID)
	if fault.CodeOf(err) != fault.StoreUnavailable || second.Secret == "" {
		t.Errorf("a rotation: %v, a secret: %v", err, second.Secret != "")
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Reconcile(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	proxy.Restore()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := w.Authenticate(t.Context(), made.ID.String(), second.Secret); err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatalf("the second secret is not good: %v", err)
		}
	}
}

// While one goroutine rotates and disables, others reconcile with what they have read
// before. None of them overwrites a newer state with an older one.
func TestDisabledClientStaysOutUnderRacingReconciles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	for round := range 60 {
		made := w.create()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				w.redis.Del(context.Background(), "client:"+made.ID.String()) // so that there is something to correct
				if _, err := w.ReconcileOnce(context.Background()); err != nil {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		all.Go(func() {
			if err := w.Disable(context.Background(), made.ID); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
			if w.admits(made) {
				t.Errorf("round %d: it is admitted after it was disabled", round)
			}
		})
		all.Wait()
		if w.admits(made) {
			t.Fatalf("round %d: a reconcile brought it back", round)
		}
	}
}

func TestRecordsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	sealer := newSealer(t, serviceRing)
	if r, err := sealer.Decode(uuid.New(), nil); err != nil || r.Audience != "" {
		t.Errorf("no record: %+v, %v", r, err)
	}
	if _, err := sealer.Decode(uuid.New(), map[string]string{"x": "y"}); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("another's: %v", err)
	}
}

// A key of another program in the place of one record does not keep the other records from
// being written, and is left alone.
func TestAForeignKeyHidesNoOtherClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	blocked, lost := w.create(), w.create()
	for _, made := range []client.Credentials{blocked, lost} {
		if err := w.redis.Del(t.Context(), client.KeyPrefix+made.ID.String()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	foreign := client.KeyPrefix + blocked.ID.String()
	if err := w.redis.Set(t.Context(), foreign, "another program's", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := w.ReconcileOnce(t.Context()); n != 1 || err == nil {
		t.Errorf("%d corrected, %v; want 1 and what is wrong with the other", n, err)
	}
	if !w.admits(lost) {
		t.Error("the other client is refused")
	}
	if got := w.redis.Get(t.Context(), foreign).Val(); got != "another program's" {
		t.Errorf("the foreign key holds %q", got)
	}
}
