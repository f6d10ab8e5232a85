package problem

import (
	"net/http"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/bearer"
)

// Answer is how a code is answered: a problem has Status, an error under /oauth has
// OAuthStatus and OAuthError (RFC 6749, section 5.2).
type Answer struct {
	Status      int
	OAuthStatus int
	OAuthError  string
}

// The names of errors under /oauth.
const (
	InvalidRequest       = "invalid_request"
	InvalidClient        = "invalid_client"
	InvalidGrant         = "invalid_grant"
	InvalidScope         = "invalid_scope"
	UnsupportedGrantType = "unsupported_grant_type"
	UnauthorizedClient   = "unauthorized_client"
	InvalidTarget        = "invalid_target" // RFC 8707, section 2
	Unavailable          = "temporarily_unavailable"
	ServerError          = "server_error"
)

// OAuthErrors is the closed list of the names above.
func OAuthErrors() []string {
	return []string{InvalidRequest, InvalidClient, InvalidGrant, InvalidScope, UnsupportedGrantType, UnauthorizedClient, InvalidTarget, Unavailable, ServerError}
}

// AnswerOf is the table of all codes. Errors of HTTP itself, such as 405 or 413, have the
// same status under /oauth.
func AnswerOf(code fault.Code) Answer {
	same := func(status int, name string) Answer { return Answer{status, status, name} }
	switch code {
	case fault.MalformedRequest:
		return same(http.StatusBadRequest, InvalidRequest)
	case fault.UnsupportedMediaType:
		return same(http.StatusUnsupportedMediaType, InvalidRequest)
	case fault.BodyTooLarge:
		return same(http.StatusRequestEntityTooLarge, InvalidRequest)
	case fault.RouteNotFound, fault.SessionNotFound, fault.AccountNotFound, fault.FactorNotFound, fault.APINotFound, fault.RoleNotFound, fault.ClientNotFound:
		return same(http.StatusNotFound, InvalidRequest)
	case fault.MethodNotAllowed:
		return same(http.StatusMethodNotAllowed, InvalidRequest)
	case fault.MethodUnknown:
		return same(http.StatusNotImplemented, InvalidRequest)
	case fault.VersionNotSupported:
		return same(http.StatusHTTPVersionNotSupported, InvalidRequest)
	case fault.HeaderTooLarge:
		return same(http.StatusRequestHeaderFieldsTooLarge, InvalidRequest)
	case fault.RequestTimeout, fault.ClientGone:
		return same(http.StatusRequestTimeout, InvalidRequest)
	case fault.AlreadyExists:
		return same(http.StatusConflict, InvalidRequest)
	case fault.ValidationFailed:
		return Answer{http.StatusUnprocessableEntity, http.StatusBadRequest, InvalidGrant}
	case fault.InvalidScope:
		return Answer{http.StatusUnprocessableEntity, http.StatusBadRequest, InvalidScope}
	case fault.InvalidCredentials:
		return Answer{http.StatusUnauthorized, http.StatusBadRequest, InvalidGrant}
	case fault.AccountDisabled, fault.SecondStepRequired:
		return Answer{http.StatusForbidden, http.StatusBadRequest, InvalidGrant}
	case fault.WrongPassword, fault.SessionRequired, fault.InvalidCode, fault.InvalidPasskey, fault.RegistrationClosed, fault.MailNotConfigured, fault.PasskeysNotConfigured, fault.EmailNotVerified:
		return same(http.StatusForbidden, InvalidRequest)
	case fault.InvalidClient:
		return same(http.StatusUnauthorized, InvalidClient)
	case fault.UnsupportedGrantType:
		return same(http.StatusBadRequest, UnsupportedGrantType)
	case fault.RequestExpired:
		return same(http.StatusGone, InvalidRequest)
	case fault.InvalidGrant:
		return same(http.StatusBadRequest, InvalidGrant)
	case fault.UnauthorizedClient:
		return same(http.StatusBadRequest, UnauthorizedClient)
	case fault.InvalidTarget:
		return same(http.StatusBadRequest, InvalidTarget)
	case fault.TooManyAttempts, fault.TooManyTokens:
		return same(http.StatusTooManyRequests, Unavailable)
	case fault.Busy, fault.StoreUnavailable, fault.ChangeUnderWay:
		return same(http.StatusServiceUnavailable, Unavailable)
	case fault.Internal:
		return same(http.StatusInternalServerError, ServerError)
	}
	// Package bearer defines the codes of tokens and their statuses. They do not occur
	// under /oauth.
	if status := bearer.Code(code).Status(); status != 0 {
		return same(status, InvalidRequest)
	}
	return same(http.StatusInternalServerError, ServerError)
}
