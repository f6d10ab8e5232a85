package foreign

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// keycloakCredential is an element of credentials in the export of a realm. Both fields hold
// JSON, as text.
type keycloakCredential struct {
	Type           string `json:"type"`
	SecretData     string `json:"secretData"`
	CredentialData string `json:"credentialData"`
}

type keycloakSecret struct {
	Value string `json:"value"`
	Salt  string `json:"salt"`
}

type keycloakCosts struct {
	Iterations json.Number         `json:"hashIterations"`
	Algorithm  string              `json:"algorithm"`
	More       map[string][]string `json:"additionalParameters"`
}

func parseKeycloak(text string) (scheme, error) {
	var c keycloakCredential
	var s keycloakSecret
	var costs keycloakCosts
	if json.Unmarshal([]byte(text), &c) != nil || json.Unmarshal([]byte(c.SecretData), &s) != nil || json.Unmarshal([]byte(c.CredentialData), &costs) != nil {
		return nil, refuse(Malformed, "not a credential with secretData and credentialData, as the export of a realm has it")
	}
	if c.Type != "" && c.Type != "password" {
		return nil, refuse(Unsupported, "the credential is not of the type password")
	}
	salt, tag, err := saltAndTag(base64.StdEncoding, s.Salt, s.Value)
	if err != nil {
		return nil, err
	}
	switch costs.Algorithm {
	case "pbkdf2":
		return newPBKDF2("sha1", costs.Iterations.String(), salt, tag)
	case "pbkdf2-sha256", "pbkdf2-sha512":
		return newPBKDF2(strings.TrimPrefix(costs.Algorithm, "pbkdf2-"), costs.Iterations.String(), salt, tag)
	case "argon2":
		return keycloakArgon2(costs, salt, tag)
	}
	return nil, refuse(Unsupported, "of Keycloak's algorithms, pbkdf2, pbkdf2-sha256, pbkdf2-sha512 and argon2 are verified")
}

// keycloakArgon2 writes what Keycloak says of argon2 in the PHC form, and reads that.
func keycloakArgon2(costs keycloakCosts, salt, tag []byte) (scheme, error) {
	one := func(name string) string {
		if len(costs.More[name]) != 1 {
			return ""
		}
		return costs.More[name][0]
	}
	if one("version") != "1.3" {
		return nil, refuse(Unsupported, "only version 1.3 of argon2 is verified")
	}
	return parseArgon2(fmt.Sprintf("$argon2%s$v=19$m=%s,t=%s,p=%s$%s$%s", one("type"), one("memory"), costs.Iterations, one("parallelism"), raw(salt), raw(tag)))
}
