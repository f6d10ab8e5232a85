package device_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/device"
	"auth.books.test/services/auth-api/internal/servicekey"
)

const (
	first  = "s1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	second = "s2:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func tokens(t *testing.T, ring string, c *clock) *device.Tokens {
	t.Helper()
	r, err := servicekey.Parse(ring)
	if err != nil {
		t.Fatal(err)
	}
	return device.New(r, rand.Reader, c.now)
}

func issue(t *testing.T, from *device.Tokens, before device.Device, account uuid.UUID, version int64) string {
	t.Helper()
	token, err := from.Issue(before, account, version)
	if err != nil {
		t.Fatal(err)
	}
	return token.Reveal()
}

func TestDeviceIsKnownToItsAccountUntilThePasswordChanges(t *testing.T) {
	t.Parallel()
	c := &clock{time.Now()}
	all := tokens(t, first, c)
	ada, grace := uuid.New(), uuid.New()
	d := all.Read(issue(t, all, device.Device{}, ada, 3))
	for name, known := range map[string]bool{
		"its account": d.IsKnown(ada, 3), "no stranger": !device.Device{}.IsKnown(ada, 3), "no stranger to nobody": !device.Device{}.IsKnown(uuid.Nil, 0),
		"not another account": !d.IsKnown(grace, 3), "not after a change": !d.IsKnown(ada, 4),
	} {
		if !known {
			t.Error(name)
		}
	}
	again := all.Read(issue(t, all, d, ada, 4))
	if again.ID != d.ID || !again.IsKnown(ada, 4) {
		t.Errorf("after the next sign-in it is %+v, was %+v", again, d)
	}
	if other := all.Read(issue(t, all, d, grace, 1)); other.ID == d.ID {
		t.Error("two accounts see the same id of a device")
	}
}

func TestDeviceIsForgottenAfterItsLifetime(t *testing.T) {
	t.Parallel()
	c := &clock{time.Now()}
	all := tokens(t, first, c)
	text := issue(t, all, device.Device{}, uuid.New(), 1)
	c.at = c.at.Add(device.Lifetime - time.Minute)
	if all.Read(text) == (device.Device{}) {
		t.Error("forgotten too early")
	}
	c.at = c.at.Add(2 * time.Minute)
	if d := all.Read(text); d != (device.Device{}) {
		t.Errorf("after its lifetime it is %+v", d)
	}
}

func TestTokensOfOlderKeysAreReadUntilTheKeyIsGone(t *testing.T) {
	t.Parallel()
	c := &clock{time.Now()}
	text := issue(t, tokens(t, first, c), device.Device{}, uuid.New(), 1)
	if tokens(t, second+","+first, c).Read(text) == (device.Device{}) {
		t.Error("a token of the older key is a stranger's")
	}
	if d := tokens(t, second, c).Read(text); d != (device.Device{}) {
		t.Errorf("without its key it is %+v", d)
	}
}

func TestForgedTokenIsAStrangers(t *testing.T) {
	t.Parallel()
	c := &clock{time.Now()}
	all := tokens(t, first, c)
	good := issue(t, all, device.Device{}, uuid.New(), 1)
	forged := map[string]string{
		"nothing": "", "the prefix": device.Prefix, "another prefix": "bat" + good[3:], "cut": good[:len(good)-1], "longer": good + "A",
		"an unknown key": good[:3] + "zz" + good[5:], "with padding": good[:len(good)-1] + "=", "another key's": issue(t, tokens(t, strings.Replace(second, "s2", "s1", 1), c), device.Device{}, uuid.New(), 1),
	}
	for n := 5; n < len(good); n++ {
		for _, to := range "AB_" {
			if changed := good[:n] + string(to) + good[n+1:]; changed != good {
				forged[fmt.Sprintf("character %d is %c", n, to)] = changed
			}
		}
	}
	for name, text := range forged {
		if d := all.Read(text); d != (device.Device{}) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestNoVerbShowsADeviceToken(t *testing.T) {
	t.Parallel()
	c := &clock{time.Now()}
	token, err := tokens(t, first, c).Issue(device.Device{}, uuid.New(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, token); strings.Contains(got, token.Reveal()[5:]) {
			t.Errorf("%s shows %s", verb, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	r, err := servicekey.Parse(first)
	if err != nil {
		f.Fatal(err)
	}
	all := device.New(r, rand.Reader, time.Now)
	token, err := all.Issue(device.Device{}, uuid.New(), 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token.Reveal())
	f.Add("bdvs1")
	f.Fuzz(func(t *testing.T, text string) {
		if d := all.Read(text); d != (device.Device{}) && text != token.Reveal() {
			t.Errorf("%q is read as %+v", text, d)
		}
	})
}
