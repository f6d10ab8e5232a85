package rest

import (
	"context"
	"time"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
)

func (s *Service) register(ctx context.Context, in *codeRequestInput) (*codeRequested, error) {
	everybody := signin.Registration{Open: s.Registration, Accounts: s.Accounts, Limits: s.Limits, Refusals: s.Refusals}
	id, err := everybody.Request(ctx, in.Body.Email)
	return requested(id, "A mail was sent to the address. If it has a code, send that within ten minutes, with a password, to POST /v1/accounts/{id}/confirmation.", err)
}

// me is the account of a token, as the token's record shows it.
type me struct {
	ID        string    `json:"id" doc:"Never changes" format:"uuid"`
	Email     string    `json:"email"`
	Verified  bool      `json:"email_verified" doc:"Whether the address was proved to be the person's"`
	Name      string    `json:"name"`
	Audiences []string  `json:"audiences" nullable:"false" doc:"The APIs at which the token may be used"`
	Scopes    []string  `json:"scopes" nullable:"false" doc:"The token's scopes"`
	Session   string    `json:"session" doc:"Public id of the session" format:"uuid"`
	ExpiresAt time.Time `json:"expires_at" doc:"When the token ends if it is not used before"`
}

type meOutput struct{ Body me }

// me answers from the token's record alone, so it works without Postgres.
func (s *Service) me(ctx context.Context, _ *struct{}) (*meOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	// What an app may know of a person, userinfo tells it.
	if c.Client != "" {
		if refusal := s.guard.Scopes(ctx, c.Principal, authorization.ScopeAccount); refusal != nil {
			return nil, refusal
		}
	}
	return &meOutput{meOf(c)}, nil
}

func meOf(c caller) me {
	return me{ID: c.Subject, Email: c.Email, Verified: c.EmailVerified, Name: c.Name, Audiences: list(c.Audiences), Scopes: list(c.Scopes), Session: c.Authorization, ExpiresAt: c.EndsAt()}
}

type changeMeInput struct {
	Body struct {
		Name string `json:"name" doc:"What the person wants to be called, at most 64 bytes"`
	}
}

func (s *Service) changeMe(ctx context.Context, in *changeMeInput) (*meOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	if c.Name, err = s.Accounts.Rename(ctx, c.account, in.Body.Name); err != nil {
		return nil, err
	}
	return &meOutput{meOf(c)}, nil
}

type deleteMeInput struct {
	Body struct {
		Password string `json:"password" doc:"The current password"`
	}
}

func (s *Service) deleteMe(ctx context.Context, in *deleteMeInput) (*struct{}, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.bothFactors(ctx, c); err != nil {
		return nil, err
	}
	return nil, s.passwords().Delete(ctx, c.account, c.session, in.Body.Password)
}

type changePasswordInput struct {
	Body struct {
		Current string `json:"current_password"`
		New     string `json:"new_password" doc:"15 characters to 256 bytes"`
	}
}

func (s *Service) changePassword(ctx context.Context, in *changePasswordInput) (*struct{}, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.bothFactors(ctx, c); err != nil {
		return nil, err
	}
	return nil, s.passwords().Change(ctx, c.account, c.session, in.Body.Current, in.Body.New)
}

func (s *Service) passwords() signin.Passwords {
	return signin.Passwords{Accounts: s.Accounts, Limits: s.Limits, Refusals: s.Refusals}
}

// list makes a nil slice an empty one, which is [] in JSON and not null.
func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}
