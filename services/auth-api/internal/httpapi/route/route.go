// Package route has the path of every route, for the router, the OpenAPI document, the
// metadata and the log.
package route

import "strings"

const (
	// Verify is called by proxies, see package forward.
	Verify = "/verify"

	Live  = "/livez"
	Ready = "/readyz"

	Docs          = "/docs"
	DocsSignedIn  = "/docs/oauth2-redirect.html"
	OpenAPIJSON   = "/openapi.json"
	OpenAPIYAML   = "/openapi.yaml"
	OpenAPI30JSON = "/openapi-3.0.json"
	OpenAPI30YAML = "/openapi-3.0.yaml"

	// OAuth is the prefix of the routes whose errors have OAuth's form (RFC 6749,
	// section 5.2).
	OAuth           = "/oauth/"
	Token           = OAuth + "token"
	Introspect      = OAuth + "introspect"
	IntrospectBatch = OAuth + "introspect/batch"
	Revoke          = OAuth + "revoke"
	UserInfo        = OAuth + "userinfo"
	// PushedRequest is that of RFC 9126.
	PushedRequest = OAuth + "par"
	// Metadata is defined by RFC 8414, section 3, Discovery by OpenID Connect Discovery,
	// section 4.
	Metadata  = "/.well-known/oauth-authorization-server"
	Discovery = "/.well-known/openid-configuration"
	Keys      = "/.well-known/jwks.json"

	Accounts       = "/v1/accounts"
	Confirmation   = Accounts + "/{id}/confirmation"
	Me             = Accounts + "/me"
	MyPassword     = Me + "/password"
	MyAddress      = Me + "/address"
	AddressChange  = MyAddress + "/{id}/confirmation"
	AddressUndo    = "/v1/address-changes/{id}/undo"
	PasswordResets = "/v1/password-resets"
	PasswordReset  = PasswordResets + "/{id}/confirmation"
	MyFactors      = Me + "/factors"
	MyTOTP         = Me + "/totp"
	ConfirmTOTP    = MyTOTP + "/confirmation"
	MyRecovery     = Me + "/recovery-codes"
	MyPasskeys     = Me + "/passkeys"
	PasskeyOptions = MyPasskeys + "/options"
	MyPasskey      = MyPasskeys + "/{id}"
	MyEvents       = Me + "/events"
	MyExport       = Me + "/export"
	Tokens         = "/v1/tokens"
	PersonalToken  = Tokens + "/{id}"
	Authorizations = "/v1/authorizations"
	Authorization  = Authorizations + "/{client}"
	Sessions       = "/v1/sessions"
	CurrentSession = Sessions + "/current"
	SecondStep     = Sessions + "/second-step"
	SessionPasskey = Sessions + "/passkey"
	// RequirePasskey has sign-ins with a password ask for a passkey.
	RequirePasskey = MyPasskeys + "/required"
	// SessionPasskeyOptions are what a browser needs for SessionPasskey.
	SessionPasskeyOptions = SessionPasskey + "/options"
	Session               = Sessions + "/{id}"

	// Home and what follows are pages for people.
	Home      = "/"
	Authorize = OAuth + "authorize"
	Logout    = OAuth + "logout"
	SignIn    = "/sign-in"
	// SignInCode asks for the second step of a sign-in.
	SignInCode = SignIn + "/code"
	// SignInPasskey takes what a passkey has answered, alone or as the second step.
	SignInPasskey = SignIn + "/passkey"
	Register      = "/register"
	Reset         = "/reset"
	// Invitation is followed by the id of a request for a code.
	Invitation = "/invitation"
	// Address is followed by the id of a request for a code, which undoes a change.
	Address         = "/address"
	Consent         = "/consent"
	SignOut         = "/sign-out"
	SignedOut       = "/signed-out"
	Account         = "/account"
	AccountSessions = Account + "/sessions"
	OtherSessions   = AccountSessions + "/end-others"
	AccountApps     = Account + "/apps"
	AccountTokens   = Account + "/tokens"
	AccountEvents   = Account + "/events"
	AccountAddress  = Account + "/address"
	AccountName     = Account + "/name"
	AccountPassword = Account + "/password"
	AccountFactor   = Account + "/second-step"
	NewFactor       = AccountFactor + "/new"
	ConfirmFactor   = AccountFactor + "/confirm"
	RecoveryCodes   = AccountFactor + "/recovery-codes"
	FactorOff       = AccountFactor + "/off"
	AccountPasskeys = Account + "/passkeys"
	RequirePasskeys = AccountPasskeys + "/required"
	AccountExport   = Account + "/export"
	AccountDelete   = Account + "/delete"
	// End follows an id.
	End = "/end"
)

// IsPage says whether a path is that of a page, whose errors are pages as well.
func IsPage(path string) bool {
	switch path {
	case Home, Authorize, Logout, SignIn, SignInCode, SignInPasskey, Register, Reset, Consent, SignOut, SignedOut, Account:
		return true
	}
	return strings.HasPrefix(path, Account+"/") || strings.HasPrefix(path, Register+"/") || strings.HasPrefix(path, Reset+"/") || strings.HasPrefix(path, Invitation+"/") || strings.HasPrefix(path, Address+"/")
}
