package passkey

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

const (
	// handleSize is that which section 14.6.1 recommends.
	handleSize = 64
	maxName    = 64
)

// Owner is who adds a passkey.
type Owner struct {
	Account, Session uuid.UUID
	// Email and Name are shown by devices.
	Email, Name string
}

// Silently says that a browser makes a passkey by itself after a sign-in with a password
// (conditional create, section 5.1.3). Nobody has to touch the device for it, so it counts as no
// factor until it is used.
type Silently bool

// BeginAdd begins to add a passkey to an account. Devices that have one of its passkeys make no
// second one. Faults: passkeys_not_configured, validation_failed (the account has as many as it
// may have), store_unavailable.
func (s *Service) BeginAdd(ctx context.Context, o Owner, silently Silently) (Begun, error) {
	if err := s.enabled(); err != nil {
		return Begun{}, err
	}
	has, err := s.rows(ctx, o.Account)
	if err != nil {
		return Begun{}, fmt.Errorf("begin to add a passkey: %w", err)
	}
	if len(has) >= Max {
		return Begun{}, tooMany()
	}
	p := personOf(has)
	p.email, p.name = o.Email, o.Name
	if p.handle == nil {
		p.handle = make([]byte, handleSize)
		if _, err := io.ReadFull(s.Random, p.handle); err != nil {
			return Begun{}, fmt.Errorf("begin to add a passkey: %w", err)
		}
	}
	chosen, mediation := s.library.Config.AuthenticatorSelection, protocol.MediationDefault
	if silently {
		chosen.UserVerification, mediation = protocol.VerificationPreferred, protocol.MediationConditional
	}
	options, data, err := s.library.BeginMediatedRegistration(p, mediation, webauthn.WithAuthenticatorSelection(chosen), webauthn.WithExclusions(webauthn.Credentials(p.credentials).CredentialDescriptors()))
	if err != nil {
		return Begun{}, fmt.Errorf("begin to add a passkey: %w", err)
	}
	return s.begun(options.Response, toAdd, ceremony{Account: o.Account, Session: o.Session, Data: *data})
}

func tooMany() error {
	return fault.Invalid("credential", "too_many", fmt.Sprintf("The account has %d passkeys, which is as many as it may have. Remove one first.", Max))
}

// Added is a new passkey.
type Added struct {
	Passkey
	// RecoveryCodes are new if the passkey has turned the second step on; they are stored nowhere.
	RecoveryCodes []string
}

// Add adds the passkey that a device has made. response is what navigator.credentials.create has
// returned, as JSON. The first factor of an account turns the second step on, which ends all
// other sign-ins and apps; one that was made silently does not. Faults: passkeys_not_configured,
// request_expired, invalid_passkey, validation_failed (the name or the response cannot be read, or
// there are too many), already_exists (somebody has this passkey), store_unavailable, change_under_way.
func (s *Service) Add(ctx context.Context, o Owner, name, text string, response []byte) (added Added, err error) {
	if err := s.enabled(); err != nil {
		return Added{}, err
	}
	if name, err = parseName(name); err != nil {
		return Added{}, err
	}
	c, err := s.open(text, toAdd)
	if err != nil {
		return Added{}, err
	}
	if c.Account != o.Account || c.Session != o.Session {
		return Added{}, Expired()
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Added{}, unreadable("create")
	}
	credential, err := s.library.CreateCredential(person{handle: c.Data.UserID}, c.Data, parsed)
	if err != nil {
		return Added{}, s.refusal(err, parsed.Response.CollectedClientData, parsed.Response.AttestationObject.AuthData, nil)
	}
	id, err := uuid.NewRandomFromReader(s.Random)
	if err != nil {
		return Added{}, fmt.Errorf("add a passkey: %w", err)
	}
	made := row{id: id, account: o.Account, handle: c.Data.UserID, party: s.Party.ID, name: name, credential: *credential, createdAt: s.Now()}
	silently := c.Data.Mediation == protocol.MediationConditional
	if !silently {
		made.provedAt = &made.createdAt
	}
	err = s.Authorizations.Change(ctx, authorization.Account(o.Account), audit.Event{Verb: audit.AddFactor, About: "passkey"}, func(ctx context.Context, tx *authorization.Tx) error {
		if err := spend(ctx, tx, c); err != nil {
			return err
		}
		has, err := of(ctx, tx, o.Account)
		switch {
		case err != nil:
			return err
		case len(has) >= Max:
			return tooMany()
		case len(has) > 0 && string(has[0].handle) != string(made.handle):
			return Expired() // Two began at the same time. Devices must know the account by one handle.
		}
		if silently {
			err = s.Factors.Tell(ctx, tx, o.Account)
		} else {
			added.RecoveryCodes, err = s.Factors.TurnOn(ctx, tx, o.Account, o.Session, Methods())
		}
		if err != nil {
			return err
		}
		if fresh, err := insert(ctx, tx, made); err != nil {
			return err
		} else if !fresh {
			return fault.New(fault.AlreadyExists, "This passkey was added before.")
		}
		return nil
	})
	// Also if Redis was not told in time: the change is committed.
	s.Mails.Wake()
	added.Passkey = shown(made)
	if err != nil {
		return added, fmt.Errorf("add a passkey: %w", err)
	}
	return added, nil
}

// Require makes sign-ins ask for a second step, for somebody who has passkeys that were made
// silently and have been used since: see package factor's TurnOn. Faults: factor_not_found (there is
// none), already_exists (the second step is on), store_unavailable, change_under_way.
func (s *Service) Require(ctx context.Context, o Owner) (recovery []string, err error) {
	err = s.Authorizations.Change(ctx, authorization.Account(o.Account), audit.Event{Verb: audit.AddFactor, About: "passkey"}, func(ctx context.Context, tx *authorization.Tx) error {
		has, err := of(ctx, tx, o.Account)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(has, func(r row) bool { return r.provedAt != nil }) {
			return notFound()
		}
		if recovery, err = s.Factors.TurnOn(ctx, tx, o.Account, o.Session, Methods()); err == nil && recovery == nil {
			return fault.New(fault.AlreadyExists, "Signing in has a second step already.")
		}
		return err
	})
	s.Mails.Wake()
	if err != nil {
		return recovery, fmt.Errorf("ask for passkeys: %w", err)
	}
	return recovery, nil
}

// parseName checks what the owner calls a passkey. Fault: validation_failed.
func parseName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fault.Invalid("name", "invalid", fmt.Sprintf("Give the passkey a name of 1 to %d characters.", maxName))
	}
	return name, nil
}

// rows reads the passkeys of an account.
func (s *Service) rows(ctx context.Context, account uuid.UUID) (found []row, err error) {
	err = s.DB.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		found, err = of(ctx, db, account)
		return err
	})
	return found, err
}
