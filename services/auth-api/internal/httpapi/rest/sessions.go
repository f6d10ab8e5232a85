package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/session"
)

type signInInput struct {
	Body struct {
		Email    string `json:"email" example:"ada@books.test"`
		Password string `json:"password"`
		Device   string `json:"device_token,omitempty" doc:"The device_token of the last sign-in on this device, if there was one. It is no secret that signs anybody in: with it, wrong passwords of strangers cannot keep this device from signing in"`
		Scope    string `json:"scope,omitempty" doc:"Scopes for the token, separated by spaces; without it, all scopes that the account has"`
	}
}

// sessionView is a session as its owner sees it.
type sessionView struct {
	ID            string    `json:"id" format:"uuid" doc:"Public id, not the token"`
	Current       bool      `json:"current" doc:"Whether this request's token belongs to the session"`
	Device        string    `json:"device" doc:"User agent at the sign-in"`
	IP            string    `json:"ip" doc:"Address at the sign-in"`
	Audiences     []string  `json:"audiences" nullable:"false"`
	Scopes        []string  `json:"scopes" nullable:"false"`
	CreatedAt     time.Time `json:"created_at"`
	SeenAt        time.Time `json:"seen_at" doc:"When it was last used, approximately"`
	IdleExpiresAt time.Time `json:"idle_expires_at" doc:"When it ends if it is not used before"`
	ExpiresAt     time.Time `json:"expires_at" doc:"When it ends even if it is used"`
}

func viewOf(v session.Session, current bool) sessionView {
	ip := ""
	if v.IP.IsValid() {
		ip = v.IP.String()
	}
	return sessionView{ID: v.ID.String(), Current: current, Device: v.Device, IP: ip, Audiences: list(v.Audiences), Scopes: list(v.Scopes),
		CreatedAt: v.CreatedAt.UTC(), SeenAt: v.UsedAt.UTC(), IdleExpiresAt: v.IdleExpiresAt.UTC(), ExpiresAt: v.ExpiresAt.UTC()}
}

type signInOutputBody struct {
	signin.TokenAnswer
	Device  string      `json:"device_token" doc:"Keep it on this device, also after signing out, and send it with the next sign-in. It ends when the password changes"`
	Session sessionView `json:"session"`
}

// signInOutput has a signInOutputBody, or with 202 a challengeBody. The document says so apart
// (describeSecondStep).
type signInOutput struct {
	Status int
	Body   any
}

func (s *Service) signIn(ctx context.Context, in *signInInput) (*signInOutput, error) {
	opened, err := signin.WithPassword(ctx, s.Login, signin.Credentials{Email: in.Body.Email, Password: in.Body.Password, Scopes: in.Body.Scope, Device: in.Body.Device})
	if c := (*login.Challenge)(nil); errors.As(err, &c) {
		return &signInOutput{http.StatusAccepted, challengeOf(c)}, nil
	}
	if err != nil {
		return nil, err
	}
	return &signInOutput{http.StatusCreated, s.signedIn(opened)}, nil
}

// signedIn is the answer to a sign-in with all its steps.
func (s *Service) signedIn(opened login.Opened) signInOutputBody {
	return signInOutputBody{TokenAnswer: signin.Answer(opened, s.Now()), Device: opened.Device.Reveal(), Session: viewOf(opened.Session, true)}
}

type sessionsOutput struct {
	Body struct {
		Sessions []sessionView `json:"sessions" nullable:"false" doc:"Live sessions, newest first"`
	}
}

func (s *Service) listSessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	sessions, err := s.Sessions.List(ctx, c.account)
	if err != nil {
		return nil, err
	}
	out := &sessionsOutput{}
	out.Body.Sessions = make([]sessionView, len(sessions))
	for i, one := range sessions {
		out.Body.Sessions[i] = viewOf(one, one.ID == c.session)
	}
	return out, nil
}

// currentView is the session of a token, as the token's record shows it.
type currentView struct {
	ID            string    `json:"id" format:"uuid"`
	Audiences     []string  `json:"audiences" nullable:"false"`
	Scopes        []string  `json:"scopes" nullable:"false"`
	CreatedAt     time.Time `json:"created_at"`
	IdleExpiresAt time.Time `json:"idle_expires_at"`
	ExpiresAt     time.Time `json:"expires_at"`
}

type currentOutput struct{ Body currentView }

func (s *Service) currentSession(ctx context.Context, _ *struct{}) (*currentOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	return &currentOutput{currentView{ID: c.Authorization, Audiences: list(c.Audiences), Scopes: list(c.Scopes),
		CreatedAt: c.IssuedAt, IdleExpiresAt: c.IdleExpiresAt, ExpiresAt: c.ExpiresAt}}, nil
}

func (s *Service) signOut(ctx context.Context, _ *struct{}) (*struct{}, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Sessions.End(ctx, c.account, c.session, authorization.SignedOut)
}

type endSessionInput struct {
	ID string `path:"id" doc:"Public id of the session"`
}

func (s *Service) endSession(ctx context.Context, in *endSessionInput) (*struct{}, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	id, err := uuid.Parse(in.ID)
	// uuid.Parse accepts other forms too. Only the usual one is accepted here, in either
	// case (RFC 9562, section 4).
	if err != nil || id == uuid.Nil || !strings.EqualFold(id.String(), in.ID) {
		return nil, fault.New(fault.SessionNotFound, "There is no such session, or it has ended.")
	}
	if err := s.mayEnd(ctx, c, id); err != nil {
		return nil, err
	}
	return nil, s.Sessions.End(ctx, c.account, id, authorization.EndedByOwner)
}

type endSessionsInput struct {
	All bool `query:"all" doc:"End this session too"`
}

func (s *Service) endSessions(ctx context.Context, in *endSessionsInput) (*struct{}, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.mayEnd(ctx, c, uuid.Nil); err != nil {
		return nil, err
	}
	keep := c.session
	if in.All {
		keep = uuid.Nil
	}
	return nil, s.Sessions.EndAll(ctx, c.account, keep)
}
