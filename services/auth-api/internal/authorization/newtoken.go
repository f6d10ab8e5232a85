package authorization

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// withNewToken runs work in a transaction, and writes the record of the new token before that
// is committed: a token that the caller gets can be verified. If it is not committed, the
// record is deleted again. Faults: those of work, store_unavailable.
func (s *Service) withNewToken(ctx context.Context, hash token.Hash, work func(ctx context.Context, tx pgx.Tx) (verify.Principal, error)) error {
	put := false
	err := s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		principal, err := work(ctx, tx)
		if err != nil {
			return err
		}
		put = true
		if err := s.records.Put(ctx, hash, principal); err != nil {
			return fault.Unavailable(err)
		}
		return nil
	})
	if err != nil && put {
		s.discard(ctx, hash)
	}
	return err
}

// discard deletes a record whose authorization was not committed. A failure does no harm:
// nobody has the token, and the record expires.
func (s *Service) discard(ctx context.Context, hash token.Hash) {
	if err := s.records.Drop(context.WithoutCancel(ctx), hash); err != nil {
		s.log.WarnContext(ctx, "the record of a token that was not issued could not be deleted; it expires by itself", "error", err)
	}
}

// lockAdmitted locks a subject for which a token is to be issued, and asks whether it may be.
// Faults: those of admit, which may be nil; account_disabled, invalid_client (it is disabled).
func lockAdmitted(ctx context.Context, tx pgx.Tx, of Subject, lock string, admit func(ctx context.Context, tx pgx.Tx) error) (lockedSubject, error) {
	subject, err := subjectRow(ctx, tx, of, lock)
	if err != nil {
		return lockedSubject{}, fmt.Errorf("lock subject: %w", err)
	}
	if admit != nil {
		if err := admit(ctx, tx); err != nil {
			return lockedSubject{}, err
		}
	}
	if subject.endedAt != nil {
		return lockedSubject{}, disabled(of)
	}
	return subject, nil
}
