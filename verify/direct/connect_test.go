package direct_test

import (
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/direct"
)

func TestConnectedVerifierOpensAndClosesItsOwnClient(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	f := newFixture(t, url)
	raw, _ := f.put(f.typical())
	proxy := devtest.NewProxy(t, url)
	v, err := direct.Connect(proxy.URL, f.ring, direct.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), raw); err != nil {
		t.Errorf("Verify: %v", err)
	}
	if err := v.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	proxy.Cut()
	if err := v.Ping(t.Context()); err == nil {
		t.Error("Redis is out of reach, and answers the ping")
	}
	proxy.Restore()
	if err := v.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := v.Ping(t.Context()); err == nil {
		t.Error("the client is open after Close")
	}
	if _, err := direct.Connect("redis://", f.ring, direct.Options{}); err == nil {
		t.Error("a URL without a host is accepted")
	}
}
