package bearer_test

import (
	"testing"
	"time"

	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
)

func TestStepUpIsAskedForAsTheStandardSays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	const (
		error9470 = `Bearer realm="books", error="insufficient_user_authentication"`
		acr       = `, acr_values="http://schemas.openid.net/pape/policies/2007/06/multi-factor"`
		age       = `, max_age="900"`
	)
	password, both := []string{"pwd"}, []string{"pwd", "otp", "mfa"}
	recent, strong, all := bearer.StepUp{MaxAge: 15 * time.Minute}, bearer.StepUp{MultiFactor: true}, bearer.StepUp{MaxAge: 15 * time.Minute, MultiFactor: true}
	for name, c := range map[string]struct {
		need      bearer.StepUp
		ago       time.Duration
		by        []string
		challenge string // "" if the request is let through
	}{
		"nothing is needed":                    {bearer.StepUp{}, 1000 * time.Hour, password, ""},
		"a recent one":                         {recent, 15 * time.Minute, password, ""},
		"one that is too old":                  {recent, 15*time.Minute + time.Second, both, error9470 + age},
		"two factors":                          {strong, 1000 * time.Hour, both, ""},
		"one factor":                           {strong, 0, password, error9470 + acr},
		"no method":                            {strong, 0, nil, error9470 + acr},
		"both are needed, and there":           {all, time.Minute, both, ""},
		"both are needed, one factor":          {all, time.Minute, password, error9470 + acr + age},
		"both are needed, and it is too old":   {all, time.Hour, both, error9470 + acr + age},
		"a word that only looks like a factor": {strong, 0, []string{"pwd", "MFA", "mfa2"}, error9470 + acr},
	} {
		who := verify.Principal{Audiences: []string{"books"}, Scopes: []string{"books:read"}, AuthenticatedAt: now.Add(-c.ago), AuthenticatedBy: c.by}
		guard := bearer.New(bearer.Options{Verifier: &stub{identity: who}, Audience: "books", Now: func() time.Time { return now }})
		_, refusal := guard.With(c.need).Check(t.Context(), bearer.Credentials{Authorization: "Bearer abc", Headers: 1}, "books:read")
		if got := challengeOf(refusal); got != c.challenge {
			t.Errorf("%s, at the door: %q, want %q", name, got, c.challenge)
		}
		if got := challengeOf(guard.StepUp(t.Context(), &who, c.need)); got != c.challenge {
			t.Errorf("%s, in a handler: %q, want %q", name, got, c.challenge)
		}
		// What a guard was made from asks for nothing more.
		if _, refusal := guard.Check(t.Context(), bearer.Credentials{Authorization: "Bearer abc", Headers: 1}); refusal != nil {
			t.Errorf("%s: without it %v", name, refusal)
		}
	}
}

// A scope that is missing cannot be had by signing in anew, so it is told first.
func TestProgramNeverMeetsAStepUp(t *testing.T) {
	t.Parallel()
	guard := bearer.New(bearer.Options{Verifier: &stub{identity: verify.Principal{Kind: verify.KindClient, Audiences: []string{"books"}}}, Audience: "books"})
	given := bearer.Credentials{Authorization: "Bearer abc", Headers: 1}
	if _, refusal := guard.With(bearer.StepUp{MaxAge: time.Hour}).Check(t.Context(), given); refusal == nil || refusal.Code != bearer.InsufficientUserAuthentication || refusal.Status != 401 {
		t.Errorf("a program: %v", refusal)
	}
	if _, refusal := guard.With(bearer.StepUp{MaxAge: time.Hour}).Check(t.Context(), given, "books:read"); refusal == nil || refusal.Code != bearer.InsufficientScope {
		t.Errorf("without the scope: %v", refusal)
	}
}

func challengeOf(r *bearer.Refusal) string {
	if r == nil {
		return ""
	}
	return r.Challenge
}
