package fault

import (
	"errors"
	"fmt"
	"time"
)

// Code names a kind of failure. Clients may branch on it; it never changes its meaning.
type Code string

// The closed set of codes. Package verify/bearer has further codes, for what is wrong with
// a token.
const (
	// The request cannot be read.
	MalformedRequest     Code = "malformed_request"
	UnsupportedMediaType Code = "unsupported_media_type"
	BodyTooLarge         Code = "body_too_large"
	RouteNotFound        Code = "route_not_found"
	MethodNotAllowed     Code = "method_not_allowed"
	MethodUnknown        Code = "method_unknown"
	VersionNotSupported  Code = "version_not_supported"
	HeaderTooLarge       Code = "header_too_large"
	RequestTimeout       Code = "request_timeout"
	// The request can be read, but its content is not valid.
	ValidationFailed Code = "validation_failed"
	InvalidScope     Code = "invalid_scope"
	// The caller is not authenticated, or may not do this.
	InvalidCredentials Code = "invalid_credentials"
	WrongPassword      Code = "wrong_password"
	AccountDisabled    Code = "account_disabled"
	RegistrationClosed Code = "registration_closed"
	// SessionRequired refuses an app's token for what only a session of one's own may do.
	SessionRequired Code = "session_required"
	// InvalidCode is for one-time codes: those that are mailed, and those of a second step.
	InvalidCode Code = "invalid_code"
	// InvalidPasskey is for what a passkey has answered.
	InvalidPasskey Code = "invalid_passkey"
	// The service was given no mail server, which this needs.
	MailNotConfigured Code = "mail_not_configured"
	// The service was given no domain for passkeys.
	PasskeysNotConfigured Code = "passkeys_not_configured"
	// SecondStepRequired is for sign-ins that cannot ask for a second step, which the account needs.
	SecondStepRequired Code = "second_step_required"
	// The caller, or somebody like them, has tried too often.
	TooManyAttempts Code = "too_many_attempts"
	// Only under /oauth, whose errors have names of their own.
	InvalidClient        Code = "invalid_client"
	UnsupportedGrantType Code = "unsupported_grant_type"
	InvalidGrant         Code = "invalid_grant"
	UnauthorizedClient   Code = "unauthorized_client"
	InvalidTarget        Code = "invalid_target"
	TooManyTokens        Code = "too_many_tokens"
	// A sign-in whose second step came too late; on pages also a form or a link that has become
	// too old, or is another browser's.
	RequestExpired Code = "request_expired"
	// The object of the request does not exist.
	SessionNotFound Code = "session_not_found"
	FactorNotFound  Code = "factor_not_found"
	AccountNotFound Code = "account_not_found"
	APINotFound     Code = "api_not_found"
	RoleNotFound    Code = "role_not_found"
	ClientNotFound  Code = "client_not_found"
	// Nobody has proved that the address is the account's, which the command asks for.
	EmailNotVerified Code = "email_not_verified"
	// The object to create exists already.
	AlreadyExists Code = "already_exists"
	// The service cannot answer now.
	Busy             Code = "busy"
	StoreUnavailable Code = "store_unavailable"
	// The change is recorded in Postgres, but has not reached all records in Redis yet.
	ChangeUnderWay Code = "change_under_way"
	Internal       Code = "internal"
	// The client closed the connection before the answer.
	ClientGone Code = "client_gone"
)

// Error is a failure with a code. Detail tells the caller what is wrong and what to do; it
// never holds a secret. The cause is for the log only.
type Error struct {
	Code       Code
	Detail     string
	Fields     []Field
	RetryAfter time.Duration
	// Limit is the limit that refused the request; nil if none did.
	Limit *Limit
	cause error
}

// Limit is a limit on attempts. It never tells how many are left of it: that would tell
// whether somebody else is trying.
type Limit struct {
	Name string
	// Quota is how many attempts it allows within Window.
	Quota  int
	Window time.Duration
}

// Field says what is wrong with one part of the request.
type Field struct {
	// Location names the part, such as password. The HTTP layer adds where it stood in the
	// request.
	Location string
	// Reason is a word of a closed set, such as too_short.
	Reason string
	// Detail is a sentence that says what to do.
	Detail string
}

// New makes an error without a cause.
func New(code Code, detail string) *Error { return &Error{Code: code, Detail: detail} }

// Wrap makes an error with a cause.
func Wrap(code Code, detail string, cause error) *Error {
	return &Error{Code: code, Detail: detail, cause: cause}
}

// Unavailable says that a store does not answer.
func Unavailable(cause error) *Error {
	return Wrap(StoreUnavailable, "A store that this needs does not answer. Try again shortly.", cause)
}

// Invalid says that one field is not valid.
func Invalid(location, reason, detail string) *Error {
	return &Error{Code: ValidationFailed, Detail: "The request is not valid; errors says where.", Fields: []Field{{location, reason, detail}}}
}

// Error is the text for the log.
func (e *Error) Error() string {
	switch {
	case e.cause != nil:
		return fmt.Sprintf("%s: %v", e.Code, e.cause)
	case len(e.Fields) > 0:
		return fmt.Sprintf("%s: %s: %s", e.Code, e.Fields[0].Location, e.Fields[0].Detail)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Detail)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf finds the code of err; Internal if it has none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
