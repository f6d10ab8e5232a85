package rest

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/personal"
)

// Personal makes, lists and ends personal access tokens; personal.Service implements it.
type Personal interface {
	Create(ctx context.Context, c personal.Creation) (personal.Made, error)
	List(ctx context.Context, account uuid.UUID) ([]personal.Token, error)
	End(ctx context.Context, account, id uuid.UUID) error
	Longest() time.Duration
}

// usualLifetime is how long a token lives whose owner does not say.
const usualLifetime = 90 * 24 * time.Hour

// tokenView is a personal access token as its owner sees it.
type tokenView struct {
	ID        string    `json:"id" format:"uuid" doc:"Public id, not the token"`
	Name      string    `json:"name"`
	Audiences []string  `json:"audiences" nullable:"false" doc:"The APIs at which it may be used now"`
	Scopes    []string  `json:"scopes" nullable:"false" doc:"What it may do now"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at" doc:"When it was last used, approximately; created_at if never"`
	ExpiresAt time.Time `json:"expires_at"`
}

func tokenViewOf(t personal.Token) tokenView {
	return tokenView{ID: t.ID.String(), Name: t.Name, Audiences: list(t.Audiences), Scopes: list(t.Scopes), CreatedAt: t.CreatedAt.UTC(), UsedAt: t.UsedAt.UTC(), ExpiresAt: t.ExpiresAt.UTC()}
}

type createTokenInput struct {
	Body struct {
		Name      string `json:"name" doc:"What it is for, in at most 64 bytes" example:"backup of my shelves"`
		Scope     string `json:"scope" doc:"Scopes of APIs, separated by spaces" example:"books:read"`
		ExpiresIn int64  `json:"expires_in,omitempty" doc:"Seconds until it ends, at most AUTH_API_PERSONAL_LIFETIME; 90 days if it is left out"`
	}
}

type createTokenOutput struct {
	Body struct {
		Secret string    `json:"token" doc:"It is shown only once"`
		Token  tokenView `json:"details"`
	}
}

func (s *Service) createToken(ctx context.Context, in *createTokenInput) (*createTokenOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	// What an app makes would outlive the app.
	if err := s.inPerson(ctx, c, "An app cannot make personal access tokens."); err != nil {
		return nil, err
	}
	lifetime := time.Duration(min(in.Body.ExpiresIn, int64(s.Personal.Longest()/time.Second)+1)) * time.Second
	if in.Body.ExpiresIn == 0 {
		lifetime = min(usualLifetime, s.Personal.Longest())
	}
	made, err := s.Personal.Create(ctx, personal.Creation{Account: c.account, Name: in.Body.Name, Scopes: strings.Fields(in.Body.Scope), Lifetime: lifetime})
	if err != nil {
		return nil, err
	}
	out := &createTokenOutput{}
	out.Body.Secret, out.Body.Token = made.Secret.Reveal(), tokenViewOf(made.Token)
	return out, nil
}

type tokensOutput struct {
	Body struct {
		Tokens []tokenView `json:"tokens" nullable:"false" doc:"Live personal access tokens, newest first"`
	}
}

func (s *Service) listTokens(ctx context.Context, _ *struct{}) (*tokensOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := s.Personal.List(ctx, c.account)
	if err != nil {
		return nil, err
	}
	out := &tokensOutput{}
	out.Body.Tokens = make([]tokenView, len(listed))
	for n, t := range listed {
		out.Body.Tokens[n] = tokenViewOf(t)
	}
	return out, nil
}

type endTokenInput struct {
	ID string `path:"id" format:"uuid" doc:"Public id of the token"`
}

func (s *Service) endToken(ctx context.Context, in *endTokenInput) (*struct{}, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Personal.End(ctx, c.account, idOf(in.ID))
}
