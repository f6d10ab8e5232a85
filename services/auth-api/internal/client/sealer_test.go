package client_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
)

// write overwrites a client's record.
func (w *world) write(id uuid.UUID, fields map[string]string) {
	w.t.Helper()
	key := client.KeyPrefix + id.String()
	w.redis.Del(w.t.Context(), key)
	if err := w.redis.HSet(w.t.Context(), key, fields).Err(); err != nil {
		w.t.Fatal(err)
	}
}

// Somebody who can write to Redis must not be able to pose as a client, or to widen one.
func TestForgedRecordIsNeitherAPassNorARefusal(t *testing.T) {
	t.Parallel()
	for name, strict := range map[string]bool{"strict": true, "from memory": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldThat(t, devtest.Redis(t), strict)
			mine, theirs := w.create(), w.create()
			own, good := w.record(mine.ID), w.record(theirs.ID)
			with := func(of map[string]string, changes map[string]string) map[string]string {
				changed := maps.Clone(of)
				maps.Copy(changed, changes)
				maps.DeleteFunc(changed, func(_, value string) bool { return value == "" })
				return changed
			}
			for name, forged := range map[string]map[string]string{
				"my record as theirs":       own,
				"my secret in theirs":       with(good, map[string]string{"secret.0": own["secret.0"]}),
				"my secret added":           with(good, map[string]string{"secret.1": own["secret.0"]}),
				"another API":               with(good, map[string]string{"aud": "shop", "secret.0": own["secret.0"], "mac": own["mac"]}),
				"more scopes":               with(good, map[string]string{"scope": "books:read books:write admin"}),
				"words moved between words": with(good, map[string]string{"aud": "booksscope", "scope": ""}),
				"no MAC, as before":         with(good, map[string]string{"mac": ""}),
				"half a MAC":                with(good, map[string]string{"mac": good["mac"][:20]}),
				"the MAC without its key":   with(good, map[string]string{"mac": good["mac"][3:]}),
				"of an unknown key":         with(good, map[string]string{"mac": "s9" + good["mac"][2:]}),
			} {
				w.write(theirs.ID, forged)
				// Until the cache is invalidated the client's secret passes; the forged one never does.
				unavailableSoon(t, w, theirs.ID, mine.Secret, name, false)
				unavailableSoon(t, w, theirs.ID, theirs.Secret, name, true)
				if n, err := w.ReconcileOnce(t.Context()); n != 1 || err != nil || !maps.Equal(w.record(theirs.ID), good) {
					t.Errorf("%s: %d corrected, %v, %v", name, n, err, w.record(theirs.ID))
				}
				admittedSoon(t, w, theirs)
				if _, err := w.Authenticate(t.Context(), theirs.ID.String(), mine.Secret); fault.CodeOf(err) != fault.InvalidClient {
					t.Errorf("%s: my secret, after it was written anew: %v", name, err)
				}
			}
			// A client that was never created.
			nobody := uuid.New()
			w.write(nobody, own)
			unavailableSoon(t, w, nobody, mine.Secret, "a client that is none", false)
		})
	}
}

func TestForgedRecordOfADisabledClientIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, devtest.Redis(t))
	made, other := w.create(), w.create()
	if err := w.Disable(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	w.write(made.ID, w.record(other.ID))
	if n, err := w.ReconcileOnce(t.Context()); n != 1 || err != nil || len(w.record(made.ID)) != 0 || w.admits(made) {
		t.Errorf("%d corrected, %v, left %v", n, err, w.record(made.ID))
	}
}

// Every client is admitted at each step of a rotation of the service ring.
func TestRecordsMoveToTheNewServiceKeyBeforeTheOldOneGoes(t *testing.T) {
	t.Parallel()
	redisURL, db := devtest.Redis(t), schematest.Database(t)
	var made client.Credentials
	for n, step := range []struct {
		ring, key string
		corrected int
	}{
		{serviceRing, "s1", 0}, {serviceRing + "," + newerRing, "s1", 0}, {newerRing + "," + serviceRing, "s2", 1}, {newerRing, "s2", 0},
	} {
		w := newWorldWith(t, redisURL, db, step.ring, true)
		if n == 0 {
			made = w.create()
		}
		if !w.admits(made) {
			t.Errorf("step %d: not admitted", n)
		}
		if corrected, err := w.ReconcileOnce(t.Context()); corrected != step.corrected || err != nil {
			t.Errorf("step %d: %d corrected, %v; want %d", n, corrected, err, step.corrected)
		}
		if mac := w.record(made.ID)["mac"]; mac[:2] != step.key || !w.admits(made) {
			t.Errorf("step %d: sealed with %s, want %s", n, mac[:2], step.key)
		}
	}
	if keys := slices.Sorted(maps.Keys(newWorldWith(t, redisURL, db, newerRing, true).record(made.ID))); !slices.Equal(keys, []string{"aud", "mac", "scope", "secret.0"}) {
		t.Errorf("fields %q", keys)
	}
}

// unavailableSoon wants 503 as soon as the cache is invalidated. Until then the secret must
// not pass, unless it was valid before.
func unavailableSoon(t *testing.T, w *world, id uuid.UUID, secret, what string, mayPass bool) {
	t.Helper()
	devtest.Eventually(t, what+": it is told as unavailable", func() bool {
		_, err := w.Authenticate(t.Context(), id.String(), secret)
		if err == nil && !mayPass {
			t.Fatalf("%s: a secret passes that is not the client's", what)
		}
		return fault.CodeOf(err) == fault.StoreUnavailable
	})
}

func admittedSoon(t *testing.T, w *world, c client.Credentials) {
	t.Helper()
	devtest.Eventually(t, "it is admitted again", func() bool {
		_, err := w.Authenticate(t.Context(), c.ID.String(), c.Secret)
		return err == nil
	})
}
