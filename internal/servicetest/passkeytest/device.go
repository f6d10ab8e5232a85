// Package passkeytest has a device with a passkey, as browsers use them, and whatever a test wants
// to be wrong about it.
package passkeytest

import (
	"encoding/json"
	"slices"
	"testing"

	// The common authenticator in software for Go. It makes keys and signs as devices do.
	"github.com/descope/virtualwebauthn"
)

// Device is a device with one passkey.
type Device struct {
	// Domain and Origin are those of the page that uses it.
	Domain, Origin string
	// Untouched says that nobody touches it, Unverified that it does not check who holds it.
	Untouched, Unverified bool
	// Syncable and Synced are its backup flags.
	Syncable, Synced bool
	// Counter is that of the next answer. It stays as it is.
	Counter uint32
	// Handle is what it knows the account by.
	Handle []byte

	key virtualwebauthn.Credential
	t   testing.TB
}

// keySize is that of a key of the common kind (COSE, ES256) as it is sent.
const keySize = 77

// New is a device for pages of one origin, whose key is of the common kind.
func New(t testing.TB, domain, origin string) *Device {
	key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	// The library leaves zeros at the beginning of a coordinate out, which the standard forbids
	// (RFC 9053, section 7.1.1): one key in 128 would be refused.
	for len(key.Key.AttestationData()) != keySize {
		key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return &Device{Domain: domain, Origin: origin, key: key, t: t}
}

// WithRSA makes it have the kind of key that Windows Hello has.
func (d *Device) WithRSA() *Device {
	d.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeRSA)
	return d
}

// ID is that of the passkey.
func (d *Device) ID() []byte { return slices.Clone(d.key.ID) }

func (d *Device) party() virtualwebauthn.RelyingParty {
	return virtualwebauthn.RelyingParty{ID: d.Domain, Name: d.Domain, Origin: d.Origin}
}

func (d *Device) authenticator() virtualwebauthn.Authenticator {
	d.key.Counter = d.Counter
	return virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{
		UserHandle: d.Handle, UserNotPresent: d.Untouched, UserNotVerified: d.Unverified, BackupEligible: d.Syncable, BackupState: d.Synced,
	})
}

// Create answers the options of navigator.credentials.create.
func (d *Device) Create(options []byte) json.RawMessage {
	d.t.Helper()
	read, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		d.t.Fatalf("options for a passkey: %v in %s", err, options)
	}
	d.Handle = []byte(read.UserID)
	authenticator := d.authenticator()
	return json.RawMessage(virtualwebauthn.CreateAttestationResponse(d.party(), authenticator, d.key, *read))
}

// Get answers the options of navigator.credentials.get.
func (d *Device) Get(options []byte) json.RawMessage {
	d.t.Helper()
	read, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		d.t.Fatalf("options to sign in: %v in %s", err, options)
	}
	authenticator := d.authenticator()
	return json.RawMessage(virtualwebauthn.CreateAssertionResponse(d.party(), authenticator, d.key, *read))
}
