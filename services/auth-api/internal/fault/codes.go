package fault

// Codes are those with which a request can be answered, besides the ones of package
// verify/bearer. The API's document lists them. InvalidClient and
// those that follow it are not among them: they are OAuth's own. Neither are the codes that only commands end with.
func Codes() []Code {
	return []Code{
		MalformedRequest, UnsupportedMediaType, BodyTooLarge, RouteNotFound, MethodNotAllowed, MethodUnknown, VersionNotSupported,
		HeaderTooLarge, RequestTimeout, ValidationFailed, InvalidScope, InvalidCredentials, WrongPassword, AccountDisabled, RegistrationClosed, SessionRequired, InvalidCode, InvalidPasskey, MailNotConfigured, PasskeysNotConfigured, TooManyAttempts,
		SessionNotFound, AccountNotFound, FactorNotFound, AlreadyExists, RequestExpired, Busy, StoreUnavailable, ChangeUnderWay, Internal, ClientGone,
	}
}
