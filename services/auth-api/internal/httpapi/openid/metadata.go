package openid

import (
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/verify"
)

// server is the metadata of RFC 8414, section 2, and of OpenID Connect Discovery, section 3:
// one document at both places. Empty lists are left out (RFC 8414, section 3.2). What is left
// out elsewhere may mean more than we do, so false and the only mode are said.
type server struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	PushEndpoint          string   `json:"pushed_authorization_request_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint,omitempty"`
	LogoutEndpoint        string   `json:"end_session_endpoint,omitempty"`
	KeysURL               string   `json:"jwks_uri,omitempty"`
	ResponseTypes         []string `json:"response_types_supported" nullable:"false"`
	ResponseModes         []string `json:"response_modes_supported" nullable:"false"`
	GrantTypes            []string `json:"grant_types_supported" nullable:"false"`
	Scopes                []string `json:"scopes_supported" nullable:"false"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported" nullable:"false"`
	Prompts               []string `json:"prompt_values_supported" nullable:"false"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported" nullable:"false"`
	TokenAuthAlgorithms   []string `json:"token_endpoint_auth_signing_alg_values_supported" nullable:"false"`
	IntrospectionMethods  []string `json:"introspection_endpoint_auth_methods_supported" nullable:"false"`
	RevocationMethods     []string `json:"revocation_endpoint_auth_methods_supported" nullable:"false"`
	SubjectTypes          []string `json:"subject_types_supported" nullable:"false"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported,omitempty" nullable:"false"`
	ACRValues             []string `json:"acr_values_supported" nullable:"false"`
	Claims                []string `json:"claims_supported,omitempty" nullable:"false"`
	ServiceDocumentation  string   `json:"service_documentation"`
	// AnswersIssuer is RFC 9207, section 3.
	AnswersIssuer   bool `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter bool `json:"claims_parameter_supported"`
	RequestObjects  bool `json:"request_parameter_supported"`
	RequestURIs     bool `json:"request_uri_parameter_supported"`
}

// metadata tells clients where the endpoints are and what they do. The issuer is a setting,
// since clients can send any Host header. It has no path, so its metadata is at one place for
// each standard.
func (s *Service) metadata(c *fiber.Ctx) error {
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*") // It is public.
	return c.JSON(s.describeServer())
}

func (s *Service) describeServer() server {
	m := server{
		Issuer: s.Issuer, AuthorizationEndpoint: s.Issuer + route.Authorize, TokenEndpoint: s.Issuer + route.Token,
		IntrospectionEndpoint: s.Issuer + route.Introspect, RevocationEndpoint: s.Issuer + route.Revoke, PushEndpoint: s.Issuer + route.PushedRequest,
		ResponseTypes: []string{"code"}, ResponseModes: []string{"query"}, ChallengeMethods: []string{"S256"},
		GrantTypes: []string{string(client.AuthorizationCode), string(client.RefreshToken), string(client.ClientCredentials)},
		Scopes:     []string{authorization.ScopeOfflineAccess}, Prompts: []string{"none", "login", "consent", "select_account", "create"},
		TokenAuthMethods: []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}, TokenAuthAlgorithms: []string{"RS256", "PS256", "ES256", "EdDSA", "Ed25519"},
		IntrospectionMethods: []string{"client_secret_basic"}, RevocationMethods: []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
		SubjectTypes: []string{"public"}, ACRValues: []string{verify.ACRMultiFactor}, ServiceDocumentation: s.Issuer + route.Docs, AnswersIssuer: true,
	}
	if s.PasswordGrant {
		m.GrantTypes = append(m.GrantTypes, "password")
	}
	if s.Keys != nil {
		m.UserInfoEndpoint, m.LogoutEndpoint, m.KeysURL, m.IDTokenAlgorithms = s.Issuer+route.UserInfo, s.Issuer+route.Logout, s.Issuer+route.Keys, s.Keys.Algorithms()
		m.Scopes = []string{authorization.ScopeOpenID, authorization.ScopeProfile, authorization.ScopeEmail, authorization.ScopeGroups, authorization.ScopeOfflineAccess}
		m.Claims = []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "amr", "acr", "nonce", "at_hash", "sid", "name", "preferred_username", "email", "email_verified", "groups"}
	}
	return m
}
