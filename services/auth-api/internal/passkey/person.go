package passkey

import "github.com/go-webauthn/webauthn/webauthn"

// person is an account as the library wants it.
type person struct {
	handle      []byte
	email, name string
	credentials []webauthn.Credential
}

func personOf(rows []row) person {
	p := person{}
	for _, r := range rows {
		p.handle = r.handle
		p.credentials = append(p.credentials, r.credential)
	}
	return p
}

// WebAuthnID is what devices know the account by. It tells nobody who it is (section 14.6.1).
func (p person) WebAuthnID() []byte { return p.handle }

// WebAuthnName tells accounts apart in the lists that devices show.
func (p person) WebAuthnName() string { return p.email }

// WebAuthnDisplayName is what the person wants to be called.
func (p person) WebAuthnDisplayName() string {
	if p.name == "" {
		return p.email
	}
	return p.name
}

// WebAuthnCredentials are the passkeys.
func (p person) WebAuthnCredentials() []webauthn.Credential { return p.credentials }
