package passkey

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"auth.books.test/services/auth-api/internal/fault"
)

// refusal is the fault for an answer that the library has refused with err. It says by name what
// is wrong, which the library says only in words for developers. known is nil for a passkey that
// is to be added.
func (s *Service) refusal(err error, client protocol.CollectedClientData, data protocol.AuthenticatorData, known *webauthn.Credential) error {
	var ours *protocol.Error
	if !errors.As(err, &ours) {
		return err
	}
	party := sha256.Sum256([]byte(s.Party.ID))
	detail := "The passkey was not accepted: what it signed is not what was asked for. Begin again."
	switch {
	case !s.isOurs(client.Origin):
		detail = "The passkey was used on a page of another site. Go to " + s.Party.Origins[0] + " and try again."
	case !slices.Equal(data.RPIDHash, party[:]):
		detail = "The passkey was used for another domain than " + s.Party.ID + "."
	case !data.Flags.HasUserVerified():
		detail = "The device did not check who you are. Turn on its PIN, fingerprint or face recognition, and try again."
	case known != nil && known.Flags.BackupEligible != data.Flags.HasBackupEligible():
		detail = "The passkey says that it can be synced now, or that it cannot any more, which never changes. Sign in another way, remove it and add it again."
	}
	return fault.Wrap(fault.InvalidPasskey, detail, err)
}

func (s *Service) isOurs(origin string) bool {
	return slices.ContainsFunc(s.Party.Origins, func(o string) bool { return strings.EqualFold(o, origin) })
}

func unknown() error {
	return fault.New(fault.InvalidPasskey, "This passkey is not known here: it may have been removed. Sign in another way.")
}

func copied() error {
	return fault.New(fault.InvalidPasskey, "The counter of this passkey has gone back, as that of a copy does. Sign in another way, and remove it.")
}
