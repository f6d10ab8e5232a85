package bearer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
)

// stub is a verifier that always returns the same, and counts its calls.
type stub struct {
	identity verify.Principal
	err      error
	asked    int
}

func (s *stub) Verify(context.Context, string) (*verify.Principal, error) {
	s.asked++
	if s.err != nil {
		return nil, s.err
	}
	return &s.identity, nil
}

// The verifier is called only for a single token in valid characters.
func TestHeaderIsReadAsTheStandardSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given  bearer.Credentials
		status int
	}{
		"nothing":                     {bearer.Credentials{}, 401},
		"an empty header":             {bearer.Credentials{Headers: 1}, 401},
		"another scheme":              {bearer.Credentials{Authorization: "Basic YWRhOmFkYQ==", Headers: 1}, 401},
		"a scheme that begins alike":  {bearer.Credentials{Authorization: "BearerX abc", Headers: 1}, 401},
		"no space":                    {bearer.Credentials{Authorization: "Bearerabc", Headers: 1}, 401},
		"in the URL only":             {bearer.Credentials{InURL: true}, 401},
		"in the URL too":              {bearer.Credentials{Authorization: "Bearer abc", Headers: 1, InURL: true}, 400},
		"two headers":                 {bearer.Credentials{Authorization: "Bearer abc", Headers: 2}, 400},
		"two headers, one other":      {bearer.Credentials{Authorization: "Basic abc", Headers: 2}, 400},
		"two words":                   {bearer.Credentials{Authorization: "Bearer abc def", Headers: 1}, 400},
		"two headers, joined":         {bearer.Credentials{Authorization: "Bearer abc, Bearer abc", Headers: 1}, 400},
		"quoted":                      {bearer.Credentials{Authorization: `Bearer "abc"`, Headers: 1}, 400},
		"a control character":         {bearer.Credentials{Authorization: "Bearer abc\x00", Headers: 1}, 400},
		"beyond ASCII":                {bearer.Credentials{Authorization: "Bearer äbc", Headers: 1}, 400},
		"padding inside":              {bearer.Credentials{Authorization: "Bearer a=c", Headers: 1}, 400},
		"a token":                     {bearer.Credentials{Authorization: "Bearer abc", Headers: 1}, 200},
		"every character":             {bearer.Credentials{Authorization: "Bearer azAZ09-._~+/==", Headers: 1}, 200},
		"in lower case":               {bearer.Credentials{Authorization: "bearer abc", Headers: 1}, 200},
		"in upper case, three spaces": {bearer.Credentials{Authorization: "BEARER   abc", Headers: 1}, 200},
	} {
		v := &stub{}
		_, refusal := bearer.New(bearer.Options{Verifier: v, Audience: bearer.AnyAudience, Realm: "here"}).Check(t.Context(), c.given)
		status := http.StatusOK
		if refusal != nil {
			status = refusal.Status
		}
		if status != c.status || (v.asked == 1) != (status == 200) {
			t.Errorf("%s: %d, want %d; asked %d times", name, status, c.status, v.asked)
		}
	}
}

// Only an error that means that the token is dead may be answered with invalid_token.
func TestUnknownFailuresAreNotTheTokensFault(t *testing.T) {
	t.Parallel()
	for _, err := range []error{verify.ErrUnavailable, errors.New("something else"), context.Canceled, context.DeadlineExceeded, errors.Join(verify.ErrUnavailable, verify.ErrInvalidToken)} {
		v := &stub{err: err}
		_, refusal := bearer.New(bearer.Options{Verifier: v, Audience: "books"}).Check(t.Context(), bearer.Credentials{Authorization: "Bearer abc", Headers: 1})
		if refusal == nil || refusal.Status != 503 || refusal.Challenge != "" || refusal.Retry <= 0 || !errors.Is(refusal, err) {
			t.Errorf("%v: %+v", err, refusal)
		}
	}
}

// A guard without an audience refuses all requests.
func TestGuardWithoutAnAudienceRefusesEverybody(t *testing.T) {
	t.Parallel()
	v := &stub{identity: verify.Principal{Audiences: []string{"books", "shop"}, Scopes: []string{"books:read"}}}
	given := bearer.Credentials{Authorization: "Bearer abc", Headers: 1}
	if _, refusal := bearer.New(bearer.Options{Verifier: v}).Check(t.Context(), given); refusal == nil || refusal.Status != 403 {
		t.Errorf("%+v", refusal)
	}
	for _, audience := range []string{"books", "shop", bearer.AnyAudience} {
		if _, refusal := bearer.New(bearer.Options{Verifier: v, Audience: audience}).Check(t.Context(), given, "books:read"); refusal != nil {
			t.Errorf("%s: %v", audience, refusal)
		}
	}
}

func TestRefusalsAreReportedAndHoldNoToken(t *testing.T) {
	t.Parallel()
	const marker = "Xq7markerXq7"
	for _, v := range []*stub{{}, {err: verify.ErrInvalidToken}, {err: verify.ErrUnavailable}} {
		for _, given := range []bearer.Credentials{
			{Authorization: "Bearer " + marker, Headers: 1}, {Authorization: "Bearer " + marker + " " + marker, Headers: 1},
			{Authorization: "Basic " + marker, Headers: 1}, {Authorization: "Bearer " + marker, Headers: 2},
		} {
			var told *bearer.Refusal
			guard := bearer.New(bearer.Options{Verifier: v, Audience: "books", OnRefusal: func(_ context.Context, r *bearer.Refusal) { told = r }})
			_, refusal := guard.Check(t.Context(), given, "books:read")
			if refusal == nil || told != refusal {
				t.Fatalf("got %+v, OnRefusal got %+v", refusal, told)
			}
			if text := string(refusal.Body()) + refusal.Error() + refusal.Challenge; strings.Contains(text, marker) {
				t.Error(text)
			}
		}
	}
}

// The cause is for the log, not for the caller.
func TestCauseIsInTheLogAlone(t *testing.T) {
	t.Parallel()
	v := &stub{err: fmt.Errorf("%w: dial tcp 10.0.0.7", verify.ErrUnavailable)}
	_, refusal := bearer.New(bearer.Options{Verifier: v, Audience: "books"}).Check(t.Context(), bearer.Credentials{Authorization: "Bearer abc", Headers: 1})
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Error("refused", "error", refusal)
	if !strings.Contains(log.String(), "10.0.0.7") || strings.Contains(string(refusal.Body()), "10.0.0.7") {
		t.Errorf("log %s, body %s", &log, refusal.Body())
	}
}

func TestEmptyContextHasNoPrincipal(t *testing.T) {
	t.Parallel()
	if who, found := bearer.FromContext(t.Context()); found {
		t.Errorf("%+v", who)
	}
}
