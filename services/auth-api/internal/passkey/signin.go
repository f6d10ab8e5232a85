package passkey

import (
	"bytes"
	"context"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// BeginSignIn begins a sign-in with a passkey alone. The device knows whose it is. Fault:
// passkeys_not_configured.
func (s *Service) BeginSignIn(context.Context) (Begun, error) {
	if err := s.enabled(); err != nil {
		return Begun{}, err
	}
	options, data, err := s.library.BeginDiscoverableLogin()
	if err != nil {
		return Begun{}, fmt.Errorf("begin a sign-in with a passkey: %w", err)
	}
	return s.begun(options.Response, toSignIn, ceremony{Data: *data})
}

// BeginSecondStep begins the second step of a sign-in whose password was right. Faults:
// passkeys_not_configured, factor_not_found (the account has no passkey), store_unavailable.
func (s *Service) BeginSecondStep(ctx context.Context, account uuid.UUID) (Begun, error) {
	if err := s.enabled(); err != nil {
		return Begun{}, err
	}
	has, err := s.rows(ctx, account)
	if err != nil {
		return Begun{}, fmt.Errorf("begin a second step: %w", err)
	}
	if len(has) == 0 {
		return Begun{}, notFound()
	}
	options, data, err := s.library.BeginLogin(personOf(has))
	if err != nil {
		return Begun{}, fmt.Errorf("begin a second step: %w", err)
	}
	return s.begun(options.Response, toSecondStep, ceremony{Account: account, Data: *data})
}

// Proof is an answer of a passkey that was right when it was checked. It signs in when it is
// spent.
type Proof struct {
	// Account is whose passkey it is.
	Account    uuid.UUID
	ceremony   ceremony
	id         uuid.UUID
	credential webauthn.Credential
}

// Check says whether a passkey has signed what BeginSignIn, or for an account BeginSecondStep, has
// asked for. account is uuid.Nil for the first. response is what navigator.credentials.get has
// returned, as JSON. It spends nothing, but notes on a passkey that it may have been copied.
// With a fault, the proof says whose passkey it is, if that is known. Faults:
// passkeys_not_configured, request_expired, validation_failed (the response cannot be read),
// invalid_passkey, which says why, and store_unavailable.
func (s *Service) Check(ctx context.Context, account uuid.UUID, text string, response []byte) (Proof, error) {
	if err := s.enabled(); err != nil {
		return Proof{}, err
	}
	p := toSignIn
	if account != uuid.Nil {
		p = toSecondStep
	}
	c, err := s.open(text, p)
	if err != nil {
		return Proof{}, err
	}
	if c.Account != account {
		return Proof{}, Expired()
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return Proof{}, unreadable("get")
	}
	var used row
	known := false
	err = s.DB.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		used, known, err = withCredential(ctx, db, parsed.RawID)
		return err
	})
	if err != nil {
		return Proof{}, fmt.Errorf("check a passkey: %w", err)
	}
	if !known || used.party != s.Party.ID || account != uuid.Nil && used.account != account {
		return Proof{}, unknown()
	}
	credential, err := s.validate(c, used, parsed)
	if err != nil {
		return Proof{Account: used.account}, s.refusal(err, parsed.Response.CollectedClientData, parsed.Response.AuthenticatorData, &used.credential)
	}
	if credential.Authenticator.CloneWarning {
		err := s.DB.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return noteSuspicion(ctx, tx, used.id, s.Now()) })
		if err != nil {
			return Proof{}, fmt.Errorf("check a passkey: %w", err)
		}
		return Proof{Account: used.account}, copied()
	}
	return Proof{Account: used.account, ceremony: c, id: used.id, credential: *credential}, nil
}

// validate checks an answer against the one passkey that it names.
func (s *Service) validate(c ceremony, used row, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	owner := personOf([]row{used})
	if c.Account == uuid.Nil {
		_, credential, err := s.library.ValidatePasskeyLogin(func([]byte, []byte) (webauthn.User, error) { return owner, nil }, c.Data, parsed)
		return credential, err
	}
	// The ones that were offered may have been removed meanwhile, but for this one.
	for _, offered := range c.Data.AllowedCredentialIDs {
		if bytes.Equal(offered, used.credential.ID) {
			c.Data.AllowedCredentialIDs = [][]byte{offered}
			return s.library.ValidateLogin(owner, c.Data, parsed)
		}
	}
	return nil, protocol.ErrBadRequest.WithDetails("the passkey was not offered")
}

// Spend spends a proof in the transaction of the sign-in. The counter is compared once more under
// the lock of the row, so that of two answers at once with the same counter one is refused.
// Faults: request_expired (it was spent), invalid_passkey (it was removed, or its counter is not
// higher any more), store_unavailable.
func (s *Service) Spend(ctx context.Context, tx pgx.Tx, p Proof) error {
	if err := spend(ctx, tx, p.ceremony); err != nil {
		return err
	}
	now, found, err := lock(ctx, tx, p.id)
	switch {
	case err != nil:
		return err
	case !found:
		return unknown()
	}
	if before, after := now.credential.Authenticator.SignCount, p.credential.Authenticator.SignCount; (before > 0 || after > 0) && after <= before {
		return copied()
	}
	return noteUse(ctx, tx, p.id, p.credential, s.Now())
}

func unreadable(function string) error {
	return fault.Invalid("credential", "invalid", "Send what navigator.credentials."+function+" has returned, as JSON.")
}
