package oauth

import (
	"context"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	domain "auth.books.test/services/auth-api/internal/oauth"
)

// byCode exchanges an authorization code (RFC 6749, section 4.1.3).
func (s *Service) byCode(ctx context.Context, app client.App, f form) (domain.Tokens, error) {
	if f.get("code") == "" {
		return domain.Tokens{}, invalidRequest("code is missing.")
	}
	return s.Codes.Exchange(ctx, domain.Exchange{
		App: app, Code: f.get("code"), RedirectURI: f.get("redirect_uri"), Verifier: f.get("code_verifier"), Resources: f["resource"],
	})
}

// byRefreshToken exchanges a refresh token (RFC 6749, section 6).
func (s *Service) byRefreshToken(ctx context.Context, app client.App, f form) (domain.Tokens, error) {
	if f.get("refresh_token") == "" {
		return domain.Tokens{}, invalidRequest("refresh_token is missing.")
	}
	r := authorization.Renewal{Refresh: f.get("refresh_token"), Client: app.ID, Scopes: f.words("scope"), TokenLifetime: s.AccessLifetime}
	if len(f["resource"]) > 0 {
		var err error
		if r.Audiences, err = s.targets(ctx, app, f); err != nil {
			return domain.Tokens{}, err
		}
	}
	issued, err := s.Authorizations.Refresh(ctx, r)
	return domain.Tokens{Issued: issued}, err
}

// byCredentials draws a token of the client itself (RFC 6749, section 4.4). There is no
// refresh token with it (section 4.4.3).
func (s *Service) byCredentials(ctx context.Context, app client.App, f form) (domain.Tokens, error) {
	audiences, err := s.targets(ctx, app, f)
	if err != nil {
		return domain.Tokens{}, err
	}
	issued, err := s.Authorizations.Draw(ctx, authorization.Drawing{
		Client: app.ID, Scopes: f.words("scope"), Audiences: audiences, Lifetime: s.AccessLifetime, PerSecond: s.PerSecond, Alive: s.Alive,
	})
	return domain.Tokens{Issued: issued}, err
}

// targets are the APIs that a token is asked for (RFC 8707, section 2.2), by name or URL: all
// of the client's if the request names none. They are never nil, which would mean all APIs.
func (s *Service) targets(ctx context.Context, app client.App, f form) ([]string, error) {
	audiences, err := s.Codes.Target(ctx, f["resource"], app.Audiences)
	if err == nil && audiences == nil {
		audiences = []string{}
	}
	return audiences, err
}
