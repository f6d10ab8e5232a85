package passkey

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/services/auth-api/internal/servicekey"
	"auth.books.test/verify"
)

// Max is how many passkeys an account may have.
const Max = 25

// Methods are the names of RFC 8176 for a passkey whose device has checked who holds it: proof of
// possession, presence, and so two factors.
func Methods() []string { return []string{"pop", "user", verify.MultiFactor} }

// Party says what passkeys are made for (the relying party).
type Party struct {
	// ID is a domain. Passkeys work at this domain and below it, whatever the port. "" means that
	// there are no passkeys.
	ID string
	// Name is what devices call the service.
	Name string
	// Origins are where the pages are that ask for passkeys, such as https://auth.books.test.
	Origins []string
}

// Factors turns the second step on and off; factor.Service implements it.
type Factors interface {
	TurnOn(ctx context.Context, tx *authorization.Tx, account, keep uuid.UUID, methods []string) (recovery []string, err error)
	// Tell mails the owner that something about the factors has changed.
	Tell(ctx context.Context, tx *authorization.Tx, account uuid.UUID) error
	Settle(ctx context.Context, tx *authorization.Tx, account, keep uuid.UUID) error
}

// Mails sends what was queued; mail.Outbox implements it.
type Mails interface {
	// Wake says that a transaction with a mail was committed.
	Wake()
}

// Options are the parts of a Service. All are required.
type Options struct {
	DB             *postgres.DB
	Authorizations *authorization.Service
	Factors        Factors
	Mails          Mails
	// Ring seals ceremonies.
	Ring   *servicekey.Ring
	Party  Party
	Random io.Reader
	Now    func() time.Time
}

// Service adds and removes passkeys, and checks what they sign.
type Service struct {
	Options
	// library is nil if there are no passkeys.
	library *webauthn.WebAuthn
}

// New makes a Service. Its error says what is wrong with the party.
func New(o Options) (*Service, error) {
	s := &Service{Options: o}
	if o.Party.ID == "" {
		return s, nil
	}
	required := true
	library, err := webauthn.New(&webauthn.Config{
		RPID: o.Party.ID, RPDisplayName: o.Party.Name, RPOrigins: o.Party.Origins,
		// Which maker a device has is nobody's business here.
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &required, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("set up passkeys: %w", err)
	}
	s.library = library
	return s, nil
}

// Enabled says whether there are passkeys.
func (s *Service) Enabled() bool { return s.library != nil }

// enabled is Enabled as an error. Fault: passkeys_not_configured.
func (s *Service) enabled() error {
	if s.library == nil {
		return fault.New(fault.PasskeysNotConfigured, "This service has no passkeys: it has no domain for them. Whoever runs it sets AUTH_API_ISSUER or AUTH_API_PASSKEY_RP_ID.")
	}
	return nil
}

func notFound() error {
	return fault.New(fault.FactorNotFound, "The account has no such passkey.")
}

// Expired is the fault of a ceremony that is void, for whatever reason.
func Expired() error {
	return fault.New(fault.RequestExpired, "This took more than five minutes, or was done already. Begin again.")
}
