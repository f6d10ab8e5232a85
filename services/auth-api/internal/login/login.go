// Package login signs people in: it checks their credentials, then opens a session in a
// transaction that checks them again.
package login

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/device"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/services/auth-api/internal/session"
)

// Limits reserves sign-ins; limit.Limiter implements it.
type Limits interface {
	AttemptSignIn(ctx context.Context, s limit.SignIn) (*limit.Attempt, error)
	AttemptSecondStep(ctx context.Context, from netip.Addr, account uuid.UUID, known bool) (*limit.Attempt, error)
}

// Refusals records sign-ins that were refused; audit.Refusals implements it. Sign-ins that
// succeed are recorded with the session.
type Refusals interface {
	Note(ctx context.Context, e audit.Event)
}

// Service signs people in.
type Service struct {
	accounts *account.Service
	sessions *session.Service
	devices  *device.Tokens
	limits   Limits
	refusals Refusals
	mails    Mails
	factors  Factors
	passkeys Passkeys
}

// New makes a Service.
func New(accounts *account.Service, sessions *session.Service, devices *device.Tokens, limits Limits, refusals Refusals, mails Mails, factors Factors, passkeys Passkeys) *Service {
	return &Service{accounts: accounts, sessions: sessions, devices: devices, limits: limits, refusals: refusals, mails: mails, factors: factors, passkeys: passkeys}
}

// Attempt is an attempt to sign in.
type Attempt struct {
	Email    string
	Password string
	// Device is the device token of an earlier sign-in, or "".
	Device string
	// Scopes are the scopes for the token; none means all that the account has.
	Scopes []string
	// Browser makes a token for a browser's cookie.
	Browser bool
	// Session is the one that the browser has; see session.Opening.
	Session uuid.UUID
	// From is the user agent and the address.
	From session.Origin
}

// Opened is a new session, and the token with which its device is known from now on.
type Opened struct {
	session.Opened
	Device device.Token
}

// Password signs in with an address and a password. If the account has a second factor, the
// error is a *Challenge, with which SecondStep goes on. Faults: those of
// account.Service.Authenticate and session.Service.Open, and too_many_attempts.
func (s *Service) Password(ctx context.Context, a Attempt) (Opened, error) {
	who, opened, err := s.signIn(ctx, a)
	if err != nil && fault.CodeOf(err) != fault.SecondStepRequired {
		// The owner learns of it by the event, whoever has tried.
		s.refusals.Note(ctx, audit.Event{Verb: audit.SignIn, Subject: audit.AccountOf(who), Reason: fault.CodeOf(err)})
	}
	return opened, err
}

// signIn is Password, and returns the account also if the sign-in is refused, if there is
// one.
func (s *Service) signIn(ctx context.Context, a Attempt) (uuid.UUID, Opened, error) {
	from := s.devices.Read(a.Device)
	who, err := s.authenticate(ctx, a, from)
	if err != nil {
		return who.ID, Opened{}, err
	}
	if who.SecondFactor {
		return who.ID, Opened{}, s.challenge(ctx, who, from, a.Scopes)
	}
	opened, err := s.open(ctx, who, from, session.Opening{
		Admit: who.Admit, AuthenticatedBy: []string{factor.PasswordMethod}, Scopes: a.Scopes, Browser: a.Browser, Session: a.Session, Origin: a.From,
	})
	return who.ID, opened, err
}

// open opens a session for somebody whose credentials were all right, and makes the device
// known.
func (s *Service) open(ctx context.Context, who account.Account, from device.Device, o session.Opening) (Opened, error) {
	known, err := s.devices.Issue(from, who.ID, who.PasswordVersion)
	if err != nil {
		return Opened{}, fmt.Errorf("sign in: %w", err)
	}
	o.Account = who.ID
	if !from.IsKnown(who.ID, who.PasswordVersion) {
		o.Admit = s.admitStranger(who, o.Admit, o.Origin)
		defer s.mails.Wake()
	}
	opened, err := s.sessions.Open(ctx, o)
	if err != nil {
		return Opened{}, err
	}
	return Opened{opened, known}, nil
}

// authenticate checks the credentials, if the limits admit it. Only wrong credentials use a
// limit up, and right ones of a disabled account: whoever tries stolen passwords learns
// from that answer, too, that one is right.
func (s *Service) authenticate(ctx context.Context, a Attempt, from device.Device) (account.Account, error) {
	email, err := account.ParseEmail("email", a.Email)
	if err != nil {
		return account.Account{}, err
	}
	stranger := limit.SignIn{From: a.From.IP, Account: email}
	// A device that is known to another account, or to an older password, is found out when
	// the account was read.
	attempt, err := s.limits.AttemptSignIn(ctx, limit.SignIn{From: a.From.IP, Account: email, Device: from.Knows()})
	if err != nil {
		return account.Account{}, err
	}
	// Another attempt takes its place if the device turns out to be a stranger.
	defer func() { attempt.Keep() }()
	known := func(ctx context.Context, found account.Account) (bool, error) {
		if from.IsKnown(found.ID, found.PasswordVersion) {
			return true, nil
		}
		attempt.Keep()
		asStranger, err := s.limits.AttemptSignIn(ctx, stranger)
		if err == nil {
			attempt = asStranger
		}
		return false, err
	}
	if from.ID == uuid.Nil {
		known = nil
	}
	who, err := s.accounts.Authenticate(ctx, email, a.Password, known)
	switch fault.CodeOf(err) {
	case fault.InvalidCredentials, fault.AccountDisabled:
	case fault.Busy:
		return account.Account{}, attempt.Postpone(ctx, err)
	default:
		attempt.GiveBack(ctx)
	}
	return who, err
}
