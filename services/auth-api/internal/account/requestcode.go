package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/mail"
)

// requestID is the name of a mail's datum that holds the id of the request for a code.
const requestID = "request"

// requestCode queues a mail with a code, and returns the id of the request. It looks nothing
// up, so that its time cannot tell who has an account. Faults: validation_failed,
// too_many_attempts, store_unavailable. language is what the browser accepts.
func (s *Service) requestCode(ctx context.Context, of code.Purpose, kind mail.Kind, email, language string) (id uuid.UUID, err error) {
	if email, err = ParseEmail("email", email); err != nil {
		return uuid.Nil, err
	}
	err = s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if id, err = s.codes.Request(ctx, tx, of, email); err != nil {
			return err
		}
		return s.mails.Queue(ctx, tx, mail.Mail{Kind: kind, To: email, Language: mail.Accepted(language), Data: map[string]string{requestID: id.String()}})
	})
	if err != nil {
		return uuid.Nil, err
	}
	s.mails.Wake()
	return id, nil
}

// chosen checks a code, and the password that was chosen with it, and hashes that. It spends
// nothing: a code stays good if the password is not. Faults: invalid_code, validation_failed,
// busy, store_unavailable.
func (s *Service) chosen(ctx context.Context, request uuid.UUID, typed, location, password string, purposes ...code.Purpose) (o code.Owner, phc string, err error) {
	// Before the hash: whoever has no code must not cost one.
	if o, err = s.codes.Check(ctx, request, typed, purposes...); err != nil {
		return code.Owner{}, "", err
	}
	if err = s.policy.Check(location, password, o.Address); err != nil {
		return code.Owner{}, "", err
	}
	if phc, err = s.passwords.Hash(ctx, password); err != nil {
		return code.Owner{}, "", err
	}
	return o, phc, nil
}

// requestOf is the request for the code that a mail is to hold.
func requestOf(m mail.Mail) (uuid.UUID, error) {
	request, err := uuid.Parse(m.Data[requestID])
	if err != nil {
		return uuid.Nil, fmt.Errorf("read the request for a code: %w", err)
	}
	return request, nil
}
