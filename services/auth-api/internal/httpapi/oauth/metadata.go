package oauth

import (
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// authorizationServer is the metadata of RFC 8414, section 2. Empty lists are left out
// (section 3.2), even response_types_supported, which section 2 requires: there is no
// authorization endpoint, so no response type works. OpenID4VCI 1.0 tells servers without
// that endpoint to leave it out as well.
type authorizationServer struct {
	Issuer string `json:"issuer"`
	// TokenEndpoint, TokenAuthMethods and GrantTypes are empty if no grant is enabled.
	TokenEndpoint            string   `json:"token_endpoint,omitempty"`
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported,omitempty" nullable:"false"`
	GrantTypes               []string `json:"grant_types_supported,omitempty" nullable:"false"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported" nullable:"false"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported" nullable:"false"`
	ServiceDocumentation     string   `json:"service_documentation"`
}

// metadata tells OAuth libraries where the endpoints are. The issuer is a setting, since
// clients can send any Host header. AUTH_API_ISSUER has no path, so its metadata can be
// at this one place only.
func (s *Service) metadata(c *fiber.Ctx) error {
	optional := []string{"none", "client_secret_basic"}
	m := authorizationServer{
		Issuer:                s.Issuer,
		IntrospectionEndpoint: s.Issuer + route.Introspect, IntrospectionAuthMethods: []string{"client_secret_basic"},
		RevocationEndpoint: s.Issuer + route.Revoke, RevocationAuthMethods: optional,
		ServiceDocumentation: s.Issuer + route.Docs,
	}
	if s.PasswordGrant {
		m.TokenEndpoint, m.TokenAuthMethods, m.GrantTypes = s.Issuer+route.Token, optional, []string{"password"}
	}
	return c.JSON(m)
}
