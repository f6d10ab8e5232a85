package oauth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	domain "auth.books.test/services/auth-api/internal/oauth"
)

// passwordGrant is the name of the grant that is for development only.
const passwordGrant = "password"

// tokenAnswer is the answer of the token endpoint (RFC 6749, section 5.1; OpenID Connect Core,
// section 3.1.3.3).
type tokenAnswer struct {
	signin.TokenAnswer
	RefreshToken string `json:"refresh_token,omitempty" doc:"With it the app gets the next tokens. Each is good once; it is shown only once"`
	IDToken      string `json:"id_token,omitempty" doc:"Who has signed in, if the scope openid was granted"`
}

// token is the token endpoint (RFC 6749, section 3.2).
func (s *Service) token(c *fiber.Ctx) error {
	answer, err := s.grant(c)
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	c.Set(fiber.HeaderPragma, "no-cache") // RFC 6749, section 5.1
	return c.JSON(answer)
}

func (s *Service) grant(c *fiber.Ctx) (tokenAnswer, error) {
	f, err := formOf(c, "grant_type")
	if err != nil {
		return tokenAnswer{}, err
	}
	who, err := s.caller(c, f)
	if err != nil {
		return tokenAnswer{}, err
	}
	ctx, named := c.UserContext(), f.get("grant_type")
	if named == passwordGrant && s.PasswordGrant {
		return s.byPassword(ctx, f)
	}
	grant := map[client.Grant]func(context.Context, client.App, form) (domain.Tokens, error){
		client.AuthorizationCode: s.byCode, client.RefreshToken: s.byRefreshToken, client.ClientCredentials: s.byCredentials,
	}[client.Grant(named)]
	if grant == nil {
		return tokenAnswer{}, fault.New(fault.UnsupportedGrantType, "This server does not support the grant type: use "+strings.Join(s.grantTypes(), ", ")+".")
	}
	app, err := required(who)
	if err != nil {
		return tokenAnswer{}, err
	}
	if !app.May(client.Grant(named)) {
		return tokenAnswer{}, fault.New(fault.UnauthorizedClient, "This client may not use the grant type: an administrator allows it, with auth-api client set.")
	}
	tokens, err := grant(ctx, app, f)
	if err != nil {
		return tokenAnswer{}, err
	}
	return s.answer(ctx, app, tokens)
}

// grantTypes are those that the token endpoint supports.
func (s *Service) grantTypes() []string {
	types := []string{string(client.AuthorizationCode), string(client.RefreshToken), string(client.ClientCredentials)}
	if s.PasswordGrant {
		types = append(types, passwordGrant)
	}
	return types
}

// byPassword is the password grant, which RFC 9700, section 2.4, forbids in production. A
// client is optional (RFC 6749, section 4.3.2).
func (s *Service) byPassword(ctx context.Context, f form) (tokenAnswer, error) {
	if f.get("username") == "" || f.get("password") == "" {
		return tokenAnswer{}, invalidRequest("username and password are required.")
	}
	opened, err := signin.WithPassword(ctx, s.Login, signin.Credentials{Email: f.get("username"), Password: f.get("password"), Scopes: f.get("scope")})
	if err != nil {
		return tokenAnswer{}, err
	}
	return tokenAnswer{TokenAnswer: signin.Answer(opened, s.Now())}, nil
}

// answer shows the tokens. The scope is always told, since unknown ones were dropped.
func (s *Service) answer(ctx context.Context, app client.App, t domain.Tokens) (tokenAnswer, error) {
	lives := max(0, t.TokenExpiresAt.Sub(s.Now()))
	a := tokenAnswer{
		TokenAnswer:  signin.TokenAnswer{AccessToken: t.Token.Reveal(), TokenType: "Bearer", ExpiresIn: int64(lives / time.Second), Scope: strings.Join(t.Scopes, " ")},
		RefreshToken: t.Refresh.Reveal(),
	}
	if s.IDTokens != nil && slices.Contains(t.Scopes, authorization.ScopeOpenID) {
		var err error
		if a.IDToken, err = s.IDTokens.IDToken(ctx, t, app); err != nil {
			return tokenAnswer{}, err
		}
	}
	return a, nil
}
