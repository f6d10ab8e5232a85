package direct_test

import (
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/direct"
)

// cached is a verifier with a cache on the fixture's Redis.
func cached(t testing.TB, f *fixture, o direct.Options) *direct.Verifier {
	t.Helper()
	d := newVerifier(t, f.redis, f.ring, o)
	devtest.Eventually(t, "its cache is served", func() bool { return d.Stats().Tracking })
	return d
}

// warm verifies a token until it is answered from memory.
func warm(t testing.TB, d *direct.Verifier, raw string) {
	t.Helper()
	devtest.Eventually(t, "the token is answered from memory", func() bool {
		before := d.Stats().Hits
		if _, err := d.Verify(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
		return d.Stats().Hits > before
	})
}
