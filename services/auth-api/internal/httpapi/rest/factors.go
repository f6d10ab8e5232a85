package rest

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/verify/bearer"
)

// Factors turns second factors on and off; factor.Service implements it.
type Factors interface {
	signin.FactorService
	Begin(ctx context.Context, account uuid.UUID, email string) (factor.Enrolment, error)
	Remove(ctx context.Context, account, keep uuid.UUID) error
	NewRecoveryCodes(ctx context.Context, account uuid.UUID) ([]string, error)
	Of(ctx context.Context, account uuid.UUID) (factor.Factors, error)
}

// challengeBody is the answer to a right password that does not suffice.
type challengeBody struct {
	Challenge string   `json:"challenge" doc:"Send it to POST /v1/sessions/second-step, with a code. It is good once, and shown only once"`
	ExpiresIn int64    `json:"expires_in" doc:"Seconds until it ends"`
	Methods   []string `json:"methods" nullable:"false" enum:"otp,passkey,recovery_code" doc:"What is accepted: codes by POST /v1/sessions/second-step, a passkey by POST /v1/sessions/passkey"`
}

func challengeOf(c *login.Challenge) challengeBody {
	methods := []string{"recovery_code"}
	if c.Passkey {
		methods = append([]string{"passkey"}, methods...)
	}
	if c.TOTP {
		methods = append([]string{"otp"}, methods...)
	}
	return challengeBody{Challenge: c.Handle, ExpiresIn: int64(c.Lifetime / time.Second), Methods: methods}
}

// describeSecondStep says in the document that a sign-in has two answers.
func (s *Service) describeSecondStep() {
	answers := s.doc.Paths[route.Sessions].Post.Responses
	for status, said := range map[int]struct {
		what string
		body any
	}{
		http.StatusCreated:  {"Created", signInOutputBody{}},
		http.StatusAccepted: {"Accepted: the password is right, and the account needs a second step", challengeBody{}},
	} {
		answers[strconv.Itoa(status)] = s.doc.Success(said.what, said.body)["200"]
	}
}

type secondStepInput struct {
	Body struct {
		Challenge string `json:"challenge" doc:"From the answer of POST /v1/sessions"`
		Code      string `json:"code" doc:"The six digits of the authenticator app, or a recovery code, however it is typed" example:"123456"`
	}
}

type secondStepOutput struct{ Body signInOutputBody }

func (s *Service) secondStep(ctx context.Context, in *secondStepInput) (*secondStepOutput, error) {
	opened, err := signin.WithCode(ctx, s.Login, in.Body.Challenge, in.Body.Code, false, uuid.Nil)
	if err != nil {
		return nil, err
	}
	return &secondStepOutput{s.signedIn(opened)}, nil
}

type factorsOutput struct {
	Body struct {
		TOTP          bool       `json:"totp" doc:"Whether signing in asks for a code of an authenticator app"`
		Since         *time.Time `json:"since,omitempty"`
		Passkeys      int        `json:"passkeys" doc:"How many there are. Signing in with a password asks for one of them, or for a code"`
		RecoveryCodes int        `json:"recovery_codes" doc:"How many are left"`
	}
}

func (s *Service) listFactors(ctx context.Context, _ *struct{}) (*factorsOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	f, err := s.Factors.Of(ctx, c.account)
	if err != nil {
		return nil, err
	}
	out := &factorsOutput{}
	out.Body.TOTP, out.Body.Passkeys, out.Body.RecoveryCodes = f.TOTP, f.Passkeys, f.RecoveryCodes
	if f.TOTP {
		since := f.Since.UTC()
		out.Body.Since = &since
	}
	return out, nil
}

// mayChangeFactors is inPerson, and asks a session for the second step that the account has.
func (s *Service) mayChangeFactors(ctx context.Context) (caller, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return c, err
	}
	if err := s.inPerson(ctx, c, "An app cannot change how one signs in."); err != nil {
		return c, err
	}
	return c, s.bothFactors(ctx, c)
}

// bothFactors refuses somebody who has a second factor and has not signed in with it a short
// while ago. A request that has the password needs it, too: the password is one factor of two.
func (s *Service) bothFactors(ctx context.Context, c caller) error {
	f, err := s.Factors.Of(ctx, c.account)
	if err != nil || !f.Required {
		return err
	}
	return s.stepUp(ctx, c, bearer.StepUp{MaxAge: recentSignIn, MultiFactor: true})
}

type enrolmentOutput struct {
	Body struct {
		Secret string `json:"secret" doc:"In base32, to be typed into an authenticator app. It is shown only once"`
		URI    string `json:"uri" doc:"The same for a QR code (Key URI Format)"`
	}
}

func (s *Service) beginTOTP(ctx context.Context, _ *struct{}) (*enrolmentOutput, error) {
	c, err := s.mayChangeFactors(ctx)
	if err != nil {
		return nil, err
	}
	e, err := s.Factors.Begin(ctx, c.account, c.Email)
	if err != nil {
		return nil, err
	}
	out := &enrolmentOutput{}
	out.Body.Secret, out.Body.URI = e.Secret, e.URI
	return out, nil
}

type confirmTOTPInput struct {
	Body struct {
		Code string `json:"code" doc:"What the authenticator app shows" example:"123456"`
	}
}

type recoveryCodesOutput struct {
	Body struct {
		Codes []string `json:"recovery_codes" nullable:"false" doc:"Each signs in once instead of a second factor. They are shown only once; none are new if the account had a second factor before"`
	}
}

func (s *Service) confirmTOTP(ctx context.Context, in *confirmTOTPInput) (*recoveryCodesOutput, error) {
	c, err := s.mayChangeFactors(ctx)
	if err != nil {
		return nil, err
	}
	out := &recoveryCodesOutput{}
	recovery, err := signin.Factors{Service: s.Factors, Limits: s.Limits, Refusals: s.Refusals}.Confirm(ctx, c.account, c.session, in.Body.Code)
	if err != nil {
		return nil, err
	}
	out.Body.Codes = list(recovery)
	return out, nil
}

func (s *Service) removeTOTP(ctx context.Context, _ *struct{}) (*struct{}, error) {
	c, err := s.mayChangeFactors(ctx)
	if err != nil {
		return nil, err
	}
	return nil, s.Factors.Remove(ctx, c.account, c.session)
}

func (s *Service) newRecoveryCodes(ctx context.Context, _ *struct{}) (*recoveryCodesOutput, error) {
	c, err := s.mayChangeFactors(ctx)
	if err != nil {
		return nil, err
	}
	out := &recoveryCodesOutput{}
	if out.Body.Codes, err = s.Factors.NewRecoveryCodes(ctx, c.account); err != nil {
		return nil, err
	}
	return out, nil
}
