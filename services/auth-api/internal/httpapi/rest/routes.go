package rest

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/verify/bearer"
)

// routes adds all routes under /v1.
func (s *Service) routes() {
	own := s.doc.Secured(authorization.ScopeAccount)
	const recent = fault.Code(bearer.InsufficientUserAuthentication)

	add(s, openapi.Open(), huma.Operation{OperationID: "register", Method: http.MethodPost, Path: route.Accounts, Tags: []string{"Accounts"},
		Summary: "Register", DefaultStatus: http.StatusAccepted,
		Description: "Mails a code to the address, with which its owner can make an account. The answer is the same whether the address has an account or not: then the mail says so. Where AUTH_API_REGISTRATION is closed, or no mails are sent, everybody gets registration_closed."}, s.register, fault.RegistrationClosed, fault.TooManyAttempts, fault.StoreUnavailable, fault.ClientGone)
	add(s, openapi.Open(), huma.Operation{OperationID: "confirm-account", Method: http.MethodPost, Path: route.Confirmation, Tags: []string{"Accounts"},
		Summary: "Make the account that one has asked for, or was invited to", DefaultStatus: http.StatusNoContent,
		Description: "With the code of the mail, and the id of the request, which is in the mail's link too. The address is verified. It signs nobody in."}, s.join, fault.InvalidCode, fault.TooManyAttempts, fault.StoreUnavailable, fault.ClientGone)
	add(s, s.doc.Secured(), huma.Operation{OperationID: "me", Method: http.MethodGet, Path: route.Me, Tags: []string{"Accounts"},
		Summary: "Show the token's account", Description: "An app's token needs the scope account: what an app may know of a person, userinfo tells it."}, s.me, fault.Code(bearer.InsufficientScope))
	add(s, own, huma.Operation{OperationID: "change-me", Method: http.MethodPatch, Path: route.Me, Tags: []string{"Accounts"},
		Summary: "Change one's account"}, s.changeMe, fault.ChangeUnderWay, fault.AccountNotFound)
	add(s, own, huma.Operation{OperationID: "delete-me", Method: http.MethodDelete, Path: route.Me, Tags: []string{"Accounts"},
		Summary: "Delete one's account", Description: "If the account has a second factor, requires a sign-in with it in the last 15 minutes, else insufficient_user_authentication (RFC 9470).", DefaultStatus: http.StatusNoContent}, s.deleteMe, fault.TooManyAttempts, fault.ChangeUnderWay, fault.AccountNotFound, fault.WrongPassword, fault.ClientGone, recent)
	add(s, own, huma.Operation{OperationID: "change-password", Method: http.MethodPut, Path: route.MyPassword, Tags: []string{"Accounts"},
		Summary: "Change one's password", Description: "Ends all other sessions. If the account has a second factor, requires a sign-in with it in the last 15 minutes, else insufficient_user_authentication (RFC 9470).", DefaultStatus: http.StatusNoContent}, s.changePassword, fault.TooManyAttempts, fault.ChangeUnderWay, fault.AccountNotFound, fault.WrongPassword, fault.ClientGone, recent)
	add(s, own, huma.Operation{OperationID: "request-address", Method: http.MethodPost, Path: route.MyAddress, Tags: []string{"Accounts"},
		Summary: "Ask for another address", DefaultStatus: http.StatusAccepted,
		Description: "Mails a code to it, unless it is somebody else's: the answer is the same. Requires a session of one's own, not of an app, and a sign-in in the last 15 minutes, else insufficient_user_authentication (RFC 9470)."}, s.requestAddress, fault.SessionRequired, fault.MailNotConfigured, fault.TooManyAttempts, fault.AccountNotFound, fault.ClientGone, recent)
	add(s, own, huma.Operation{OperationID: "change-address", Method: http.MethodPost, Path: route.AddressChange, Tags: []string{"Accounts"},
		Summary: "Set the address with the code of the mail", DefaultStatus: http.StatusNoContent,
		Description: "Nothing ends. Both addresses are told, and the one from before can undo it for a day."}, s.changeAddress, fault.SessionRequired, fault.InvalidCode, fault.TooManyAttempts, fault.ChangeUnderWay, fault.AccountNotFound, fault.ClientGone)
	add(s, openapi.Open(), huma.Operation{OperationID: "undo-address", Method: http.MethodPost, Path: route.AddressUndo, Tags: []string{"Accounts"},
		Summary: "Undo a change of address with the code that was mailed to the one from before", DefaultStatus: http.StatusNoContent,
		Description: "Sets that address and a new password, and ends everything of the account: sessions, apps, personal tokens, and later changes of the address. It signs nobody in."}, s.undoAddress, fault.InvalidCode, fault.AccountDisabled, fault.MailNotConfigured, fault.TooManyAttempts, fault.ChangeUnderWay, fault.StoreUnavailable, fault.ClientGone)
	add(s, openapi.Open(), huma.Operation{OperationID: "request-password-reset", Method: http.MethodPost, Path: route.PasswordResets, Tags: []string{"Accounts"},
		Summary: "Ask for a new password", DefaultStatus: http.StatusAccepted,
		Description: "Mails a code to the address, if it has an account. The answer is the same whether it has one or not."}, s.requestReset, fault.MailNotConfigured, fault.TooManyAttempts, fault.StoreUnavailable, fault.ClientGone)
	add(s, openapi.Open(), huma.Operation{OperationID: "reset-password", Method: http.MethodPost, Path: route.PasswordReset, Tags: []string{"Accounts"},
		Summary: "Set a new password with the code of a mail", DefaultStatus: http.StatusNoContent,
		Description: "Ends everything of the account: sessions, apps and personal tokens. It signs nobody in."}, s.resetPassword, fault.InvalidCode, fault.AccountDisabled, fault.MailNotConfigured, fault.TooManyAttempts, fault.ChangeUnderWay, fault.StoreUnavailable, fault.ClientGone)
	add(s, own, huma.Operation{OperationID: "my-factors", Method: http.MethodGet, Path: route.MyFactors, Tags: []string{"Accounts"},
		Summary: "Show one's second factors"}, s.listFactors)
	add(s, own, huma.Operation{OperationID: "begin-totp", Method: http.MethodPost, Path: route.MyTOTP, Tags: []string{"Accounts"},
		Summary: "Begin with an authenticator app (TOTP)", DefaultStatus: http.StatusCreated,
		Description: "Makes a secret for the app. Nothing asks for its codes until the first one was confirmed. Requires a session of one's own, not of an app, and a sign-in in the last 15 minutes, else insufficient_user_authentication (RFC 9470)."}, s.beginTOTP, fault.SessionRequired, fault.AlreadyExists, recent)
	add(s, own, huma.Operation{OperationID: "confirm-totp", Method: http.MethodPost, Path: route.ConfirmTOTP, Tags: []string{"Accounts"},
		Summary: "Turn the second factor on, with the app's first code", DefaultStatus: http.StatusOK,
		Description: "From now on signing in needs a second step. Ends all other sessions and apps. Requires what begin-totp does."}, s.confirmTOTP, fault.SessionRequired, fault.InvalidCode, fault.FactorNotFound, fault.AlreadyExists, fault.TooManyAttempts, fault.ChangeUnderWay, fault.ClientGone, recent)
	add(s, own, huma.Operation{OperationID: "remove-totp", Method: http.MethodDelete, Path: route.MyTOTP, Tags: []string{"Accounts"},
		Summary: "Turn the second factor off", DefaultStatus: http.StatusNoContent,
		Description: "Also voids the recovery codes, and ends all other sessions and apps. Requires a session of one's own whose sign-in had the second step and was in the last 15 minutes, else insufficient_user_authentication (RFC 9470)."}, s.removeTOTP, fault.SessionRequired, fault.FactorNotFound, fault.ChangeUnderWay, recent)
	add(s, own, huma.Operation{OperationID: "my-passkeys", Method: http.MethodGet, Path: route.MyPasskeys, Tags: []string{"Passkeys"},
		Summary: "List one's passkeys"}, s.listPasskeys)
	add(s, own, huma.Operation{OperationID: "begin-passkey", Method: http.MethodPost, Path: route.PasskeyOptions, Tags: []string{"Passkeys"},
		Summary:     "Begin to add a passkey",
		Description: "Requires a session of one's own, not of an app, and a sign-in in the last 15 minutes, with the second step if the account has one, else insufficient_user_authentication (RFC 9470)."}, s.beginPasskey, fault.SessionRequired, fault.PasskeysNotConfigured, recent)
	add(s, own, huma.Operation{OperationID: "add-passkey", Method: http.MethodPost, Path: route.MyPasskeys, Tags: []string{"Passkeys"},
		Summary: "Add the passkey that a device has made", DefaultStatus: http.StatusCreated,
		Description: "It signs in alone from now on, and as the second step after the password, which every sign-in with a password asks for from now on. If it is the account's first second factor, all other sessions and apps end. Requires what begin-passkey does."}, s.addPasskey, fault.SessionRequired, fault.PasskeysNotConfigured, fault.RequestExpired, fault.InvalidPasskey, fault.AlreadyExists, fault.ChangeUnderWay, recent)
	add(s, own, huma.Operation{OperationID: "require-passkey", Method: http.MethodPost, Path: route.RequirePasskey, Tags: []string{"Passkeys"},
		Summary: "Have signing in with the password ask for a passkey as well", DefaultStatus: http.StatusCreated,
		Description: "For passkeys that browsers have made silently, of which one was used since; others do so at once. Shows recovery codes, and ends all other sessions and apps. Requires what begin-passkey does."}, s.requirePasskey, fault.SessionRequired, fault.FactorNotFound, fault.AlreadyExists, fault.ChangeUnderWay, recent)
	add(s, own, huma.Operation{OperationID: "remove-passkey", Method: http.MethodDelete, Path: route.MyPasskey, Tags: []string{"Passkeys"},
		Summary: "Remove a passkey", DefaultStatus: http.StatusNoContent,
		Description: "Ends all other sessions and apps. With the last second factor the second step is off, and the recovery codes are void. Requires what begin-passkey does."}, s.removePasskey, fault.SessionRequired, fault.FactorNotFound, fault.ChangeUnderWay, recent)
	add(s, own, huma.Operation{OperationID: "new-recovery-codes", Method: http.MethodPost, Path: route.MyRecovery, Tags: []string{"Accounts"},
		Summary: "Make new recovery codes", DefaultStatus: http.StatusCreated,
		Description: "The old ones are void. Requires what remove-totp does."}, s.newRecoveryCodes, fault.SessionRequired, fault.FactorNotFound, fault.ChangeUnderWay, recent)
	add(s, own, huma.Operation{OperationID: "my-events", Method: http.MethodGet, Path: route.MyEvents, Tags: []string{"Accounts"},
		Summary: "List what was done with one's account", Description: "The newest first. To read on, send next of the answer as after.",
	}, s.listEvents)
	add(s, own, huma.Operation{OperationID: "export-me", Method: http.MethodGet, Path: route.MyExport, Tags: []string{"Accounts"},
		Summary: "Export everything that is stored about one", Description: "Without secrets and hashes. Requires a session of one's own, not of an app, and a sign-in in the last 15 minutes, else insufficient_user_authentication (RFC 9470).",
	}, s.exportMe, fault.SessionRequired, fault.AccountNotFound, recent)

	add(s, openapi.Open(), huma.Operation{OperationID: "sign-in", Method: http.MethodPost, Path: route.Sessions, Tags: []string{"Sessions"},
		Summary: "Sign in", DefaultStatus: http.StatusCreated,
		Description: "If the account has a second factor, the answer is 202 with a challenge, and POST /v1/sessions/second-step gives the token."}, s.signIn, fault.TooManyAttempts, fault.InvalidCredentials, fault.AccountDisabled, fault.InvalidScope, fault.StoreUnavailable, fault.ClientGone)
	s.describeSecondStep()
	add(s, openapi.Open(), huma.Operation{OperationID: "second-step", Method: http.MethodPost, Path: route.SecondStep, Tags: []string{"Sessions"},
		Summary: "Finish a sign-in with a code", DefaultStatus: http.StatusCreated,
		Description: "A wrong code leaves the challenge open. An account has five tries in ten minutes, over all its challenges."}, s.secondStep, fault.RequestExpired, fault.InvalidCode, fault.InvalidCredentials, fault.AccountDisabled, fault.InvalidScope, fault.TooManyAttempts, fault.StoreUnavailable, fault.ClientGone)
	add(s, openapi.Open(), huma.Operation{OperationID: "begin-passkey-sign-in", Method: http.MethodPost, Path: route.SessionPasskeyOptions, Tags: []string{"Sessions"},
		Summary: "Begin a sign-in with a passkey", Description: "Stores nothing, and can be called whenever a page opens."}, s.beginSignIn, fault.PasskeysNotConfigured, fault.FactorNotFound, fault.RequestExpired, fault.StoreUnavailable, fault.ClientGone)
	add(s, openapi.Open(), huma.Operation{OperationID: "sign-in-with-passkey", Method: http.MethodPost, Path: route.SessionPasskey, Tags: []string{"Sessions"},
		Summary: "Sign in with a passkey", DefaultStatus: http.StatusCreated,
		Description: "Alone, or with a challenge as the second step after a password. The device must have checked who holds it. invalid_passkey says what was wrong."}, s.signInWithPasskey, fault.PasskeysNotConfigured, fault.RequestExpired, fault.InvalidPasskey, fault.InvalidCredentials, fault.AccountDisabled, fault.InvalidScope, fault.TooManyAttempts, fault.StoreUnavailable, fault.ClientGone)
	add(s, own, huma.Operation{OperationID: "list-sessions", Method: http.MethodGet, Path: route.Sessions, Tags: []string{"Sessions"},
		Summary: "List one's sessions"}, s.listSessions)
	add(s, own, huma.Operation{OperationID: "end-others", Method: http.MethodDelete, Path: route.Sessions, Tags: []string{"Sessions"},
		Summary: "End all other sessions", Description: "With all=true this one too. Requires a sign-in in the last 15 minutes, else insufficient_user_authentication (RFC 9470).", DefaultStatus: http.StatusNoContent}, s.endSessions, fault.ChangeUnderWay, fault.AccountNotFound, fault.SessionNotFound, recent)
	add(s, own, huma.Operation{OperationID: "create-token", Method: http.MethodPost, Path: route.Tokens, Tags: []string{"Personal access tokens"},
		Summary: "Make a personal access token", DefaultStatus: http.StatusCreated,
		Description: "For a script of one's own. It is shown once, has at most what its owner has at each use, and can do nothing with the account. Requires a session of one's own, not of an app, and a sign-in in the last 15 minutes, else insufficient_user_authentication (RFC 9470). An account has at most 100."}, s.createToken, fault.SessionRequired, fault.InvalidScope, fault.AccountDisabled, fault.AccountNotFound, recent)
	add(s, own, huma.Operation{OperationID: "list-tokens", Method: http.MethodGet, Path: route.Tokens, Tags: []string{"Personal access tokens"},
		Summary: "List one's personal access tokens"}, s.listTokens)
	add(s, own, huma.Operation{OperationID: "end-token", Method: http.MethodDelete, Path: route.PersonalToken, Tags: []string{"Personal access tokens"},
		Summary: "End a personal access token", DefaultStatus: http.StatusNoContent}, s.endToken, fault.ChangeUnderWay, fault.AccountNotFound, fault.SessionNotFound)
	add(s, own, huma.Operation{OperationID: "list-authorizations", Method: http.MethodGet, Path: route.Authorizations, Tags: []string{"Authorizations"},
		Summary: "List the apps that one has let in"}, s.listApps)
	add(s, own, huma.Operation{OperationID: "end-authorization", Method: http.MethodDelete, Path: route.Authorization, Tags: []string{"Authorizations"},
		Summary: "End an app", Description: "Withdraws the consent, and ends all tokens with which the app acts for one.", DefaultStatus: http.StatusNoContent}, s.endApp, fault.ChangeUnderWay, fault.AccountNotFound, fault.SessionNotFound)
	add(s, s.doc.Secured(), huma.Operation{OperationID: "current-session", Method: http.MethodGet, Path: route.CurrentSession, Tags: []string{"Sessions"},
		Summary: "Show the token's session"}, s.currentSession)
	add(s, s.doc.Secured(), huma.Operation{OperationID: "sign-out", Method: http.MethodDelete, Path: route.CurrentSession, Tags: []string{"Sessions"},
		Summary: "Sign out", DefaultStatus: http.StatusNoContent}, s.signOut, fault.ChangeUnderWay, fault.AccountNotFound, fault.SessionNotFound)
	add(s, own, huma.Operation{OperationID: "end-session", Method: http.MethodDelete, Path: route.Session, Tags: []string{"Sessions"},
		Summary: "End one of one's sessions", Description: "Ending another session than this one requires a sign-in in the last 15 minutes, else insufficient_user_authentication (RFC 9470).", DefaultStatus: http.StatusNoContent}, s.endSession, fault.ChangeUnderWay, fault.AccountNotFound, fault.SessionNotFound, recent)
}
