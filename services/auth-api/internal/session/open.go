package session

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

// wrongCredentials does not tell which of both is wrong.
const wrongCredentials = "E-mail or password is wrong."

// maxDevice is how many bytes of a user agent are kept.
const maxDevice = 256

// Opening is a sign-in whose password was found right.
type Opening struct {
	AccountID uuid.UUID
	// PasswordVersion is the version of the password that was checked. If it was
	// changed since, the sign-in is refused.
	PasswordVersion int64
	// Scopes are what the person wants the token to allow; none means all that
	// the account has.
	Scopes []string
	Device string
	IP     netip.Addr
}

// Opened is a session and the token that stands for it. The token is nowhere else.
type Opened struct {
	Session
	Token token.Token
}

// Open makes a session. Faults: invalid_credentials (the password was changed
// meanwhile), account_disabled, invalid_scope, store_unavailable.
func (s *Service) Open(ctx context.Context, o Opening) (Opened, error) {
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return Opened{}, fmt.Errorf("make a session id: %w", err)
	}
	secret, hash, err := s.issuer.Issue()
	if err != nil {
		return Opened{}, fmt.Errorf("open session: %w", err)
	}
	now := s.now().UTC().Truncate(time.Second)
	t := truth{hash: hash, Session: Session{
		ID: id, AccountID: o.AccountID, Device: clip(o.Device, maxDevice), IP: o.IP,
		CreatedAt: now, SeenAt: now,
		IdleExpiresAt: now.Add(s.lifetimes.Idle), ExpiresAt: now.Add(s.lifetimes.Absolute),
	}}

	put := false
	err = s.store.withAccount(ctx, o.AccountID, shared, func(ctx context.Context, tx accountTx) error {
		if tx.account.status != "active" {
			return fault.New(fault.AccountDisabled, "This account is disabled.")
		}
		if tx.account.passwordVersion != o.PasswordVersion {
			return fault.New(fault.InvalidCredentials, wrongCredentials)
		}
		granted, err := tx.grants(ctx)
		if err != nil {
			return err
		}
		if t.Scopes, t.Audiences, err = granted.narrow(o.Scopes); err != nil {
			return err
		}
		t.email, t.name = tx.account.email, tx.account.name
		if err := tx.insert(ctx, t); err != nil {
			return err
		}
		put = true
		if err := s.tokens.Put(ctx, hash, t.principal()); err != nil {
			return fault.Unavailable(err)
		}
		return nil
	})
	if err != nil {
		if put {
			s.discard(ctx, hash)
		}
		if fault.CodeOf(err) == fault.AccountNotFound {
			err = fault.Wrap(fault.InvalidCredentials, wrongCredentials, err)
		}
		return Opened{}, fmt.Errorf("open session: %w", err)
	}
	return Opened{Session: t.Session, Token: secret}, nil
}

// discard takes back a record whose session did not come to be. Nobody has its
// token, so that it fails is no danger; the record then ends with its lifetime.
func (s *Service) discard(ctx context.Context, hash token.Hash) {
	if err := s.tokens.Drop(context.WithoutCancel(ctx), hash); err != nil {
		s.log.WarnContext(ctx, "record of a failed sign-in left behind", "error", err)
	}
}

// granted is what an account may do: scopes by API.
type granted map[string][]string

// narrow gives the scopes and audiences of a token: all that is granted and
// ScopeAccount, or, of these, what is wanted.
func (g granted) narrow(wanted []string) (scopes, audiences []string, err error) {
	for api, offered := range g {
		taken := offered
		if len(wanted) > 0 {
			taken = slices.DeleteFunc(slices.Clone(offered), func(s string) bool { return !slices.Contains(wanted, s) })
		}
		if len(taken) > 0 {
			audiences = append(audiences, api)
			scopes = append(scopes, taken...)
		}
	}
	if len(wanted) == 0 || slices.Contains(wanted, ScopeAccount) {
		scopes = append(scopes, ScopeAccount)
	}
	slices.Sort(scopes)
	slices.Sort(audiences)
	scopes = slices.Compact(scopes)
	for _, w := range wanted {
		if !slices.Contains(scopes, w) {
			return nil, nil, fault.New(fault.InvalidScope, "The account does not have every scope that is asked for. Ask for fewer, or for none to get all it has.")
		}
	}
	return scopes, audiences, nil
}

// clip makes text from outside fit for a text column: valid UTF-8 without NUL,
// at most limit bytes.
func clip(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
