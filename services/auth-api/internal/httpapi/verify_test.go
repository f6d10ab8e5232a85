package httpapi_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"auth.books.test/verify"
	"auth.books.test/verify/forward"
)

// Each value of a principal is exactly one header line, whatever it contains.
func TestNamesCannotAddHeaders(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.identity.Name = "Ada\r\nRemote-User: root\r\n\r\nbody"
	d.identity.Email = "ada@bücher.test\n"
	d.identity.Scopes = []string{"a b", "\x00c", "d"}
	ctx := get("/verify?api=books")
	d.server.Handler()(ctx)
	want := []string{
		"Cache-Control: no-store", "Remote-User: 01a20cde-60c7-7b5a-afaa-bf4c69d1787c", "Remote-Session: 01a20cde-6bd3-7531-8ac9-b1636fb1cb55",
		"Remote-Email: ada@b%C3%BCcher.test%0A", "Remote-Emailverified: false", "Remote-Name: Ada%0D%0ARemote-User: root%0D%0A%0D%0Abody", "Remote-Scope: a b %00c d",
	}
	head := ctx.Response.Header.String()
	for _, line := range want {
		if strings.Count(head, "\r\n"+line+"\r\n") != 1 {
			t.Errorf("no line %q", line)
		}
	}
	if strings.Count(head, "\r\nRemote-") != len(forward.Headers()) {
		t.Errorf("%s", head)
	}
}

// A request's target may be a path or a URL, and has one spelling.
func TestEveryFormOfTheURLIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	answer := func(uri, authorization string) string {
		ctx := get(uri)
		ctx.Request.Header.Set("Authorization", authorization)
		d.server.Handler()(ctx)
		head := regexp.MustCompile(`(?m)^Date: .*$`).ReplaceAllString(ctx.Response.Header.String(), "")
		return fmt.Sprint(ctx.Response.StatusCode(), head, string(ctx.Response.Body()))
	}
	for _, query := range []string{"api=books", "api=books&scope=account", "api=books&scope=none", "api=shop", "api=", "", "%zz", "api=books&access_token=" + token} {
		for _, authorization := range []string{"Bearer " + token, "Bearer two tokens", "Basic x", ""} {
			want := answer("/verify?"+query, authorization)
			if got := answer("http://localhost/verify?"+query, authorization); got != want {
				t.Errorf("with a whole URL, %s, %s: %s, want %s", query, authorization, got, want)
			}
		}
	}
	for _, uri := range []string{"/verify/", "/VERIFY", "/%76erify", "//localhost/verify", "//verify", "/verify#", "/./verify", "ftp://localhost/verify", "/verify;a", "http://localhost", "http://localhost?/verify", "http://localhost/verify/", "http://localhost//verify", "http:///x/verify"} {
		if got := answer(uri+"?api=books", "Bearer "+token); !strings.HasPrefix(got, "404") {
			t.Errorf("another spelling, %s: %s", uri, got)
		}
	}
	if got := answer("/verify", "Bearer "+token); got != answer("/verify?", "Bearer "+token) || !strings.HasPrefix(got, "400") {
		t.Errorf("without a query: %s", got)
	}
}

// If a header were missing, some proxies would pass on the client's own.
func TestUnknownValuesAreEmptyHeaders(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.identity.Name, d.identity.Email, d.identity.Scopes = "", "", nil
	ctx := get("/verify?api=books")
	d.server.Handler()(ctx)
	head := ctx.Response.Header.String()
	for _, name := range []string{forward.Email, forward.Name, forward.Scope} {
		if strings.Count(head, "\r\n"+name+": \r\n") != 1 {
			t.Errorf("%s is not there with an empty value", name)
		}
	}
	if ctx.Response.StatusCode() != 204 || strings.Count(head, "\r\nRemote-") != len(forward.Headers()) {
		t.Errorf("%s", head)
	}
}

// A client's own token passes where its scopes suffice, and stands for no account.
func TestTokenOfAClientPassesAndHasNoAccount(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.identity.Kind, d.identity.Account = verify.KindClient, verify.Account{}
	ctx := get("/verify?api=books&scope=books:read")
	d.server.Handler()(ctx)
	head := ctx.Response.Header.String()
	if ctx.Response.StatusCode() != 204 || !strings.Contains(head, "\r\n"+forward.User+": "+d.identity.Subject+"\r\n") {
		t.Errorf("%s", head)
	}
	for _, name := range []string{forward.Email, forward.EmailVerified, forward.Name} {
		if strings.Count(head, "\r\n"+name+": \r\n") != 1 {
			t.Errorf("%s is not there with an empty value", name)
		}
	}
	ctx = get("/v1/accounts/me")
	ctx.Request.Header.Set("Authorization", "Bearer "+token)
	d.server.Handler()(ctx)
	if ctx.Response.StatusCode() != 403 || !strings.Contains(string(ctx.Response.Header.Peek("WWW-Authenticate")), `error="insufficient_scope"`) {
		t.Errorf("its account: %d %s", ctx.Response.StatusCode(), ctx.Response.Body())
	}
}

// A proxy waits for every answer, even if the handler panics.
func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.panics = "a mistake"
	ctx := get("/verify?api=books")
	d.server.Handler()(ctx)
	if ctx.Response.StatusCode() != 500 || strings.Contains(string(ctx.Response.Body()), "mistake") || !strings.Contains(d.log.String(), "a mistake") {
		t.Errorf("%d %s; log %s", ctx.Response.StatusCode(), ctx.Response.Body(), d.log)
	}
}

// Requests share cached policies, and nothing else.
func TestPoliciesAreKeptApart(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	handler := d.server.Handler()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 200 {
				for uri, status := range map[string]int{
					"/verify?api=books": 204, fmt.Sprintf("/verify?api=books&scope=books:read&scope=account+account%%20%d", i*200+n): 403, "/verify?api=shop": 403, "/verify?api=books&scope=books:read": 204,
				} {
					ctx := get(uri)
					handler(ctx)
					if got := ctx.Response.StatusCode(); got != status {
						t.Errorf("%s: %d, want %d", uri, got, status)
					}
				}
			}
		})
	}
	all.Wait()
}

// While a store is down every request fails alike: the log gets one line a second.
func TestFailuresDoNotFloodTheLog(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.err = fmt.Errorf("%w: %w", verify.ErrUnavailable, errors.New("dial tcp 10.0.0.7"))
	handler := d.server.Handler()
	for range 1000 {
		handler(get("/verify?api=books"))
		handler(get("/verify?nonsense=" + token))
	}
	log := d.log.String()
	if n := strings.Count(log, "dial tcp 10.0.0.7"); n < 1 || n > 10 {
		t.Errorf("%d lines", n)
	}
	if !strings.Contains(log, `"status":400`) || strings.Contains(log, token) {
		t.Errorf("%s", log)
	}
}
