package session

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
)

// Reason says in the records why a session ended.
type Reason string

// The closed set of reasons.
const (
	SignedOut       Reason = "signed_out"
	TokenRevoked    Reason = "token_revoked" // by who held it (RFC 7009)
	RevokedOne      Reason = "revoked_one"
	RevokedOthers   Reason = "revoked_others"
	RevokedAll      Reason = "revoked_all"
	PasswordChanged Reason = "password_changed"
	AccountDisabled Reason = "account_disabled"
	AccountDeleted  Reason = "account_deleted"
)

// Revocation says which sessions of an account end, and why.
type Revocation struct {
	AccountID uuid.UUID
	Reason    Reason
	// Only, if set, ends this session alone.
	Only uuid.UUID
	// Keep, if set, ends all but this session.
	Keep uuid.UUID
	// Change, if set, is made in the same transaction, before the sessions are
	// marked: what ends the sessions and their end are one.
	Change Change
}

// Revoke ends sessions. When it returns nil, their tokens are dead. Faults:
// session_not_found (Only names none that is live), account_not_found, what
// Change returns, and store_unavailable: either nothing was changed, or it was
// and Redis did not answer; then the sessions are marked, and their tokens die
// as soon as Redis is back.
func (s *Service) Revoke(ctx context.Context, r Revocation) error {
	var dead hashes
	err := s.store.withAccount(ctx, r.AccountID, exclusive, func(ctx context.Context, tx accountTx) error {
		var err error
		if dead, err = tx.revoke(ctx, r, s.now()); err != nil {
			return err
		}
		if r.Only != uuid.Nil && len(dead) == 0 {
			return fault.New(fault.SessionNotFound, "There is no such session, or it has ended.")
		}
		if r.Change != nil {
			return r.Change(ctx, tx.tx)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("revoke sessions (%s): %w", r.Reason, err)
	}
	if err := s.bury(ctx, dead); err != nil {
		return fmt.Errorf("revoke sessions (%s): %w", r.Reason, err)
	}
	return nil
}

// bury drops the tokens of sessions that are marked as ended, and takes them
// off the queue. A caller who leaves now does not stop it.
func (s *Service) bury(ctx context.Context, dead hashes) error {
	if len(dead) == 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.tokens.Drop(ctx, dead...); err != nil {
		s.wakeRelay()
		return fault.Wrap(fault.StoreUnavailable,
			"The change is recorded, but the session store does not answer. The tokens end as soon as it is back.", err)
	}
	if err := s.store.dequeue(ctx, dead); err != nil {
		// The tokens are dead. The relay finds the queue and drops them once more.
		s.log.WarnContext(ctx, "dead tokens stay queued", "error", err)
	}
	return nil
}
