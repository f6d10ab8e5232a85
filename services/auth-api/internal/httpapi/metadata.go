package httpapi

import "github.com/gofiber/fiber/v2"

const metadataPath = "/.well-known/oauth-authorization-server"

// authorizationServer is the metadata of RFC 8414, section 2.
type authorizationServer struct {
	Issuer                   string   `json:"issuer"`
	TokenEndpoint            string   `json:"token_endpoint"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	ResponseTypes            []string `json:"response_types_supported"`
	GrantTypes               []string `json:"grant_types_supported"`
	ServiceDocumentation     string   `json:"service_documentation"`
}

// metadata tells OAuth libraries where everything is. The issuer is a setting: a
// Host header can be anybody's.
func (s *Server) metadata(c *fiber.Ctx) error {
	grants := []string{}
	if s.PasswordGrant {
		grants = append(grants, "password")
	}
	return c.JSON(authorizationServer{
		Issuer: s.Issuer, TokenEndpoint: s.Issuer + "/oauth/token",
		IntrospectionEndpoint: s.Issuer + "/oauth/introspect", IntrospectionAuthMethods: []string{"client_secret_basic"},
		RevocationEndpoint: s.Issuer + "/oauth/revoke", RevocationAuthMethods: []string{"none", "client_secret_basic"},
		ResponseTypes: []string{}, GrantTypes: grants, ServiceDocumentation: s.Issuer + "/docs",
	})
}
