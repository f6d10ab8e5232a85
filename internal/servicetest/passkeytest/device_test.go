package passkeytest_test

import (
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"auth.books.test/internal/servicetest/passkeytest"
)

// A device whose key is refused now and then would fail a test that has nothing to do with it.
func TestKeyOfEveryDeviceIsWhole(t *testing.T) {
	t.Parallel()
	const options = `{"rp": {"id": "books.test", "name": "Books"}, "user": {"id": "AAAA", "name": "ada", "displayName": "Ada"}, "challenge": "AAAAAAAAAAAAAAAAAAAAAA"}`
	for range 600 {
		made, err := protocol.ParseCredentialCreationResponseBytes(passkeytest.New(t, "books.test", "https://books.test").Create([]byte(options)))
		if err != nil {
			t.Fatal(err)
		}
		key, err := webauthncose.ParsePublicKey(made.Response.AttestationObject.AuthData.AttData.CredentialPublicKey)
		if err != nil {
			t.Fatal(err)
		}
		if ec2, is := key.(webauthncose.EC2PublicKeyData); !is || len(ec2.XCoord) != 32 || len(ec2.YCoord) != 32 {
			t.Fatalf("a key of %d and %d bytes", len(ec2.XCoord), len(ec2.YCoord))
		}
	}
}
