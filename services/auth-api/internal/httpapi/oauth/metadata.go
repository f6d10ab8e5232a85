package oauth

import (
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// authorizationServer is the metadata of RFC 8414, section 2. Lists without an
// element are left out (section 3.2). That goes for response_types_supported as
// well, which section 2 calls required: without an authorization endpoint, every
// response type that stood there would be a false promise. OpenID4VCI 1.0 has its
// servers without one leave it out, too.
type authorizationServer struct {
	Issuer string `json:"issuer"`
	// TokenEndpoint, its authentication methods and the grants are there only if
	// there is a grant that it takes.
	TokenEndpoint            string   `json:"token_endpoint,omitempty"`
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported,omitempty" nullable:"false"`
	GrantTypes               []string `json:"grant_types_supported,omitempty" nullable:"false"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported" nullable:"false"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported" nullable:"false"`
	ServiceDocumentation     string   `json:"service_documentation"`
}

// metadata tells OAuth libraries where everything is. The issuer is a setting: a
// Host header can be anybody's. It has no path (AUTH_API_ISSUER), so that this is
// the one place where its metadata can be.
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
