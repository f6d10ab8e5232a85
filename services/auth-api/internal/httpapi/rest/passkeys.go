package rest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/passkey"
)

// Passkeys adds and removes passkeys; passkey.Service implements it.
type Passkeys interface {
	BeginAdd(ctx context.Context, o passkey.Owner, silently passkey.Silently) (passkey.Begun, error)
	Add(ctx context.Context, o passkey.Owner, name, ceremony string, response []byte) (passkey.Added, error)
	Require(ctx context.Context, o passkey.Owner) (recovery []string, err error)
	Remove(ctx context.Context, account, keep, id uuid.UUID) error
	List(ctx context.Context, account uuid.UUID) ([]passkey.Passkey, error)
}

// anything is an object whose members the standard says, and not this service.
type anything struct{ json.RawMessage }

// Schema is that of an object with any members.
func (anything) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// begunOutput has options for a browser.
type begunOutput struct {
	Body struct {
		Options   anything `json:"options" doc:"What navigator.credentials takes as publicKey, in the form that PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON reads"`
		Ceremony  string   `json:"ceremony" doc:"Send it back with what the browser has returned. It is good once"`
		ExpiresIn int64    `json:"expires_in" doc:"Seconds until it ends"`
	}
}

func begun(b passkey.Begun, err error) (*begunOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &begunOutput{}
	out.Body.Options, out.Body.Ceremony, out.Body.ExpiresIn = anything{b.Options}, b.Ceremony, int64(passkey.Lifetime/time.Second)
	return out, nil
}

type passkeyView struct {
	ID          string     `json:"id" format:"uuid"`
	Name        string     `json:"name"`
	Proved      bool       `json:"proved" doc:"Whether it counts as a second factor. One that a browser has made silently does so after its first use"`
	Synced      bool       `json:"synced" doc:"Whether a copy is kept elsewhere, so that it survives the device"`
	CreatedAt   time.Time  `json:"created_at"`
	LastUsedAt  *time.Time `json:"last_used_at,omitempty"`
	SuspectedAt *time.Time `json:"suspected_at,omitempty" doc:"When its counter last went back, as that of a copy does"`
}

func passkeyViewOf(p passkey.Passkey) passkeyView {
	return passkeyView{ID: p.ID.String(), Name: p.Name, Proved: p.Proved, Synced: p.Synced, CreatedAt: p.CreatedAt.UTC(), LastUsedAt: orNil(p.LastUsedAt), SuspectedAt: orNil(p.SuspectedAt)}
}

func orNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

type passkeysOutput struct {
	Body struct {
		Passkeys []passkeyView `json:"passkeys" nullable:"false" doc:"The oldest first"`
	}
}

func (s *Service) listPasskeys(ctx context.Context, _ *struct{}) (*passkeysOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.Passkeys.List(ctx, c.account)
	if err != nil {
		return nil, err
	}
	out := &passkeysOutput{}
	out.Body.Passkeys = make([]passkeyView, len(found))
	for n, p := range found {
		out.Body.Passkeys[n] = passkeyViewOf(p)
	}
	return out, nil
}

func (c caller) owner() passkey.Owner {
	return passkey.Owner{Account: c.account, Session: c.session, Email: c.Email, Name: c.Name}
}

type beginPasskeyInput struct {
	Silently bool `query:"silently" doc:"For mediation: conditional, with which browsers make a passkey by themselves after a sign-in with a password. It counts as no factor until its first use, and ends nothing"`
}

func (s *Service) beginPasskey(ctx context.Context, in *beginPasskeyInput) (*begunOutput, error) {
	c, err := s.mayChangeFactors(ctx)
	if err != nil {
		return nil, err
	}
	return begun(s.Passkeys.BeginAdd(ctx, c.owner(), passkey.Silently(in.Silently)))
}

type addPasskeyInput struct {
	Body struct {
		Name       string   `json:"name" doc:"What the owner calls it" example:"Laptop"`
		Ceremony   string   `json:"ceremony" minLength:"1" doc:"From the answer with the options"`
		Credential anything `json:"credential" doc:"What navigator.credentials.create has returned, as its toJSON() gives it"`
	}
}

type addedPasskeyOutput struct {
	Body struct {
		Passkey passkeyView `json:"passkey"`
		Codes   []string    `json:"recovery_codes" nullable:"false" doc:"New ones, if this is the account's first second factor. They are shown only once"`
	}
}

func (s *Service) addPasskey(ctx context.Context, in *addPasskeyInput) (*addedPasskeyOutput, error) {
	c, err := s.mayChangeFactors(ctx)
	if err != nil {
		return nil, err
	}
	added, err := s.Passkeys.Add(ctx, c.owner(), in.Body.Name, in.Body.Ceremony, in.Body.Credential.RawMessage)
	if err != nil {
		return nil, err
	}
	out := &addedPasskeyOutput{}
	out.Body.Passkey, out.Body.Codes = passkeyViewOf(added.Passkey), list(added.RecoveryCodes)
	return out, nil
}

func (s *Service) requirePasskey(ctx context.Context, _ *struct{}) (*recoveryCodesOutput, error) {
	c, err := s.mayChangeFactors(ctx)
	if err != nil {
		return nil, err
	}
	out := &recoveryCodesOutput{}
	if out.Body.Codes, err = s.Passkeys.Require(ctx, c.owner()); err != nil {
		return nil, err
	}
	return out, nil
}

type removePasskeyInput struct {
	ID string `path:"id" doc:"Id of the passkey"`
}

func (s *Service) removePasskey(ctx context.Context, in *removePasskeyInput) (*struct{}, error) {
	c, err := s.mayChangeFactors(ctx)
	if err != nil {
		return nil, err
	}
	id, err := uuid.Parse(in.ID)
	if err != nil || !strings.EqualFold(id.String(), in.ID) {
		return nil, fault.New(fault.FactorNotFound, "The account has no such passkey.")
	}
	return nil, s.Passkeys.Remove(ctx, c.account, c.session, id)
}

type beginSignInInput struct {
	Body struct {
		Challenge string `json:"challenge,omitempty" doc:"From the answer of POST /v1/sessions, if a passkey is the second step; without it, the passkey signs in alone"`
	}
}

func (s *Service) beginSignIn(ctx context.Context, in *beginSignInInput) (*begunOutput, error) {
	return begun(s.Login.BeginPasskey(ctx, in.Body.Challenge))
}

type passkeySignInInput struct {
	Body struct {
		Ceremony   string   `json:"ceremony" minLength:"1" doc:"From the answer with the options"`
		Credential anything `json:"credential" doc:"What navigator.credentials.get has returned, as its toJSON() gives it"`
		Challenge  string   `json:"challenge,omitempty" doc:"As it was sent for the options"`
		Device     string   `json:"device_token,omitempty" doc:"As for POST /v1/sessions"`
		Scope      string   `json:"scope,omitempty" doc:"As for POST /v1/sessions; with a challenge, those of its sign-in count"`
	}
}

func (s *Service) signInWithPasskey(ctx context.Context, in *passkeySignInInput) (*secondStepOutput, error) {
	opened, err := signin.WithPasskey(ctx, s.Login, in.Body.Challenge, login.Assertion{Ceremony: in.Body.Ceremony, Response: in.Body.Credential.RawMessage}, signin.Credentials{Scopes: in.Body.Scope, Device: in.Body.Device})
	if err != nil {
		return nil, err
	}
	return &secondStepOutput{s.signedIn(opened)}, nil
}
