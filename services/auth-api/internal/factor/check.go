package factor

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/verify"
)

const (
	// MaxMisses is how many wrong codes in a row an account takes, over all its challenges
	// (RFC 4226, section 7.3). Then strangers need a recovery code; a known device may miss as
	// often again. With three codes that are right at a time, the chance to guess one before is
	// one in 6,600.
	MaxMisses = 50
	// warnEvery is how often the owner is told of wrong codes.
	warnEvery = 24 * time.Hour
)

// PasswordMethod is the name that RFC 8176 gives to a password.
const PasswordMethod = "pwd"

// Methods are the names of RFC 8176 for a password and a one-time code together.
func Methods() []string { return []string{PasswordMethod, "otp", verify.MultiFactor} }

// Proof is a code that was right when it was checked. It signs in when it is spent.
type Proof struct {
	account uuid.UUID
	// step is that of a code of an app, recovery the hash of a recovery code.
	step     int64
	stored   sealed
	recovery []byte
}

// Check says whether a code of the account was typed: one of the app or a recovery code. It
// spends nothing. A wrong one counts as a miss of the account, and the owner is told of the
// first in a day. known says that it comes from a known device. Faults: validation_failed (it
// cannot be a code, which is no miss), invalid_code (always the same words), store_unavailable.
func (s *Service) Check(ctx context.Context, id uuid.UUID, typed string, known bool) (p Proof, err error) {
	given := code.Plain(typed)
	if !isTOTP(given) && !isRecoveryCode(given) {
		return Proof{}, fault.Invalid("code", "invalid", fmt.Sprintf("Type the %d digits of your authenticator app, or a recovery code with its %d letters and digits.", digits.Length(), recoveryLength))
	}
	right, told := false, false
	err = s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		stored, found, err := lockTOTP(ctx, tx, id)
		if err != nil {
			return err
		}
		if on, err := account.HasSecondFactor(ctx, tx, id); err != nil {
			return err
		} else if !on {
			return Expired() // It was turned off meanwhile.
		}
		if !found || !stored.confirmed() {
			// There are passkeys and recovery codes only, of which none can be guessed.
			p = Proof{account: id}
			if isRecoveryCode(given) {
				p.recovery = recoveryHash(id, given)
				right, err = hasRecoveryCode(ctx, tx, id, p.recovery)
			}
			return err
		}
		if p, right, err = s.prove(ctx, tx, id, stored, given, known); err != nil || right {
			return err
		}
		// The miss is committed, so the fault is not returned from here.
		told = stored.warnedAt == nil || s.now().Sub(*stored.warnedAt) >= warnEvery
		if err := noteMiss(ctx, tx, id, told, s.now()); err != nil || !told {
			return err
		}
		return s.notice(ctx, tx, mail.WrongSecondStep, id)
	})
	if told {
		s.mails.Wake()
	}
	if err != nil {
		return Proof{}, fmt.Errorf("check a second factor: %w", err)
	}
	if !right {
		return Proof{}, wrongCode()
	}
	return p, nil
}

// prove compares a code with those that are good now.
func (s *Service) prove(ctx context.Context, tx pgx.Tx, account uuid.UUID, stored storedTOTP, given string, known bool) (p Proof, right bool, err error) {
	p = Proof{account: account}
	if isRecoveryCode(given) {
		p.recovery = recoveryHash(account, given)
		right, err = hasRecoveryCode(ctx, tx, account, p.recovery)
		return p, right, err
	}
	secret, err := s.open(account, stored.sealed)
	if err != nil {
		return p, false, err
	}
	if p.step, right, err = match(secret, given, s.now()); err != nil {
		return p, false, err
	}
	// Encrypted under the newest key, so that older ones can be retired.
	if p.stored, err = s.seal(account, secret); err != nil {
		return p, false, err
	}
	locked := stored.misses >= MaxMisses && !known || stored.misses >= 2*MaxMisses
	return p, right && !locked && p.step > stored.lastStep, nil
}

// Spend spends a challenge and the code that was right, in the transaction of the sign-in.
// Faults: request_expired (the challenge was spent), invalid_code (the code was),
// store_unavailable.
func (s *Service) Spend(ctx context.Context, tx pgx.Tx, c Challenge, p Proof) error {
	if p.account != c.Account {
		return wrongCode()
	}
	if err := s.SpendChallenge(ctx, tx, c); err != nil {
		return err
	}
	var spent bool
	var err error
	if p.recovery != nil {
		if spent, err = useRecoveryCode(ctx, tx, p.account, p.recovery, s.now()); err == nil {
			err = s.store.ClearMisses(ctx, tx, p.account)
		}
	} else {
		spent, err = useStep(ctx, tx, p.account, p.step, p.stored)
	}
	if err == nil && !spent {
		return wrongCode()
	}
	return err
}
