package audit

// Verb is what was done, or was to be done.
type Verb string

// The closed set of verbs.
const (
	RegisterAccount    Verb = "account.register"
	CreateAccount      Verb = "account.create"
	ImportAccount      Verb = "account.import"
	InviteAccount      Verb = "account.invite"
	VerifyEmail        Verb = "account.verify_email"
	UnlockAccount      Verb = "account.unlock"
	RenameAccount      Verb = "account.rename"
	ChangePassword     Verb = "account.change_password"
	RequestAddress     Verb = "account.request_address"
	ChangeAddress      Verb = "account.change_address"
	UndoAddress        Verb = "account.undo_address"
	RequestReset       Verb = "account.request_reset"
	ResetPassword      Verb = "account.reset_password"
	DisableAccount     Verb = "account.disable"
	EnableAccount      Verb = "account.enable"
	DeleteAccount      Verb = "account.delete"
	ExportAccount      Verb = "account.export"
	AddFactor          Verb = "factor.add"
	RemoveFactor       Verb = "factor.remove"
	NewRecoveryCodes   Verb = "factor.new_recovery_codes"
	SignIn             Verb = "session.sign_in"
	SignOut            Verb = "session.sign_out"
	EndSession         Verb = "session.end"
	EndSessions        Verb = "session.end_all"
	CreatePersonal     Verb = "personal.create"
	EndPersonal        Verb = "personal.end"
	RevokeToken        Verb = "token.revoke"
	EndReused          Verb = "token.reused"
	AllowApp           Verb = "app.allow"
	SignInToApp        Verb = "app.sign_in"
	EndApp             Verb = "app.end"
	EndClient          Verb = "client.end"
	CreateAPI          Verb = "api.create"
	ChangeAPI          Verb = "api.set_scopes"
	CreateRole         Verb = "role.create"
	ChangeRole         Verb = "role.set_scopes"
	AssignRole         Verb = "role.assign"
	UnassignRole       Verb = "role.unassign"
	CreateClient       Verb = "client.create"
	ChangeClient       Verb = "client.change"
	RotateSecret       Verb = "client.rotate"
	DropOldSecrets     Verb = "client.drop_old"
	DisableClient      Verb = "client.disable"
	AuthenticateClient Verb = "client.authenticate"
	DroppedRefusals    Verb = "audit.dropped"
)

// Verbs are all verbs.
func Verbs() []Verb {
	return []Verb{
		RegisterAccount, CreateAccount, ImportAccount, InviteAccount, VerifyEmail, UnlockAccount, RenameAccount, ChangePassword, RequestAddress, ChangeAddress, UndoAddress, RequestReset, ResetPassword, DisableAccount, EnableAccount, DeleteAccount, ExportAccount,
		AddFactor, RemoveFactor, NewRecoveryCodes, SignIn, SignOut, EndSession, EndSessions, CreatePersonal, EndPersonal, RevokeToken, EndReused, AllowApp, SignInToApp, EndApp, EndClient,
		CreateAPI, ChangeAPI, CreateRole, ChangeRole, AssignRole, UnassignRole,
		CreateClient, ChangeClient, RotateSecret, DropOldSecrets, DisableClient, AuthenticateClient, DroppedRefusals,
	}
}
