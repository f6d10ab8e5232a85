package factor

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/mail"
)

const (
	// RecoveryCodes is how many an account gets at once.
	RecoveryCodes = 10
	// recoverySize is the number of random bytes of one. From 112 bits on, a fast hash does
	// (OWASP ASVS 5.0, 6.5.2), so codes need no key: none is void when a service key is retired.
	recoverySize = 15
	// recoveryLength is that of one as text, in groups of recoveryGroup.
	recoveryLength, recoveryGroup = 24, 4
)

// newRecoveryCode draws a code: lower-case letters and the digits 2 to 7, in groups.
func newRecoveryCode(random io.Reader) (string, error) {
	raw := make([]byte, recoverySize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("make a recovery code: %w", err)
	}
	letters := strings.ToLower(text(raw))
	var groups []string
	for at := 0; at < len(letters); at += recoveryGroup {
		groups = append(groups, letters[at:at+recoveryGroup])
	}
	return strings.Join(groups, "-"), nil
}

// isRecoveryCode says whether what was typed has the form of a recovery code.
func isRecoveryCode(plain string) bool {
	_, err := encoding().DecodeString(plain)
	return len(plain) == recoveryLength && err == nil
}

// recoveryHash is what stands in Postgres. It is of one account: equal codes of two, if there
// were any, have two hashes.
func recoveryHash(account uuid.UUID, plain string) []byte {
	sum := sha256.New()
	sum.Write(account[:])
	sum.Write([]byte(plain))
	return sum.Sum(nil)
}

// NewRecoveryCodes makes new recovery codes, and voids the old ones. Faults:
// factor_not_found, store_unavailable.
func (s *Service) NewRecoveryCodes(ctx context.Context, id uuid.UUID) (codes []string, err error) {
	err = s.authorizations.Change(ctx, authorization.Account(id), audit.Event{Verb: audit.NewRecoveryCodes}, func(ctx context.Context, tx *authorization.Tx) error {
		if on, err := account.HasSecondFactor(ctx, tx, id); err != nil {
			return err
		} else if !on {
			return notFound()
		}
		if codes, err = s.replaceRecoveryCodes(ctx, tx.Tx, id); err != nil {
			return err
		}
		return s.notice(ctx, tx.Tx, mail.RecoveryCodesReplaced, id)
	})
	s.mails.Wake()
	if err != nil {
		return nil, fmt.Errorf("make new recovery codes: %w", err)
	}
	return codes, nil
}

// replaceRecoveryCodes stores the hashes of new codes instead of the old ones.
func (s *Service) replaceRecoveryCodes(ctx context.Context, tx pgx.Tx, account uuid.UUID) (codes []string, err error) {
	var hashes [][]byte
	for range RecoveryCodes {
		one, err := newRecoveryCode(s.random)
		if err != nil {
			return nil, err
		}
		codes, hashes = append(codes, one), append(hashes, recoveryHash(account, code.Plain(one)))
	}
	if err := insertRecoveryCodes(ctx, tx, account, hashes, s.now()); err != nil {
		return nil, err
	}
	return codes, nil
}
