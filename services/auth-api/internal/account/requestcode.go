package account

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/mail"
)

// requestID is the name of a mail's datum that holds the id of the request for a code.
const requestID = "request"

// requestCode queues a mail with a code to the owner's address, with the events of that, and
// returns the id of the request. It looks nothing up, so that its time cannot tell who has an
// account. Faults: validation_failed, too_many_attempts, store_unavailable. language is a BCP
// 47 tag.
func (s *Service) requestCode(ctx context.Context, of code.Purpose, kind mail.Kind, o code.Owner, language string, events ...audit.Event) (id uuid.UUID, err error) {
	if o.Address, err = ParseEmail("email", o.Address); err != nil {
		return uuid.Nil, err
	}
	err = s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if id, err = s.queueCode(ctx, tx, of, kind, o, language); err != nil {
			return err
		}
		for _, e := range events {
			if err := s.audit.Record(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return uuid.Nil, err
	}
	s.mails.Wake()
	return id, nil
}

// queueCode is requestCode in a transaction, for an address that was parsed before.
func (s *Service) queueCode(ctx context.Context, tx pgx.Tx, of code.Purpose, kind mail.Kind, o code.Owner, language string) (uuid.UUID, error) {
	id, err := s.codes.Request(ctx, tx, of, o)
	if err != nil {
		return uuid.Nil, err
	}
	return id, s.mails.Queue(ctx, tx, mail.Mail{Kind: kind, To: o.Address, Account: o.Account, Language: language, Data: map[string]string{requestID: id.String()}})
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

// withCode mints the code of a mail for its owner, to whom it goes, and adds it with the link
// to the page on which it can be typed. send is false if the request is over.
func withCode(ctx context.Context, tx pgx.Tx, codes *code.Codes, of code.Purpose, o code.Owner, m mail.Mail, link func(request uuid.UUID) string) (_ mail.Mail, send bool, err error) {
	request, err := requestOf(m)
	if err != nil {
		return m, false, err
	}
	typed, ok, err := codes.Mint(ctx, tx, request, of, o)
	if err != nil || !ok {
		return m, false, err
	}
	m.To, m.Data = o.Address, maps.Clone(m.Data)
	m.Data["code"], m.Data["url"] = typed, link(request)
	return m, true, nil
}

// handedOver begins the lifetime of a mail's code, and returns the account whose code it is;
// uuid.Nil if the request is over.
func handedOver(ctx context.Context, tx pgx.Tx, codes *code.Codes, of code.Purpose, m mail.Mail, at time.Time) (account uuid.UUID, err error) {
	request, err := requestOf(m)
	if err != nil {
		return uuid.Nil, err
	}
	return codes.HandedOver(ctx, tx, request, of, at)
}
