package mail

// Kind says which text a mail has.
type Kind string

// The closed set of kinds.
const (
	// PasswordChanged tells the owner that the password was changed.
	PasswordChanged Kind = "password_changed"
	// NewDevice tells the owner of a sign-in on a device that was not known. Data: browser,
	// system and address, each of which may be missing.
	NewDevice Kind = "new_device"
	// ResetPassword has the code with which a password is set anew. Data: code and url, from
	// the Preparer.
	ResetPassword Kind = "reset_password"
	// ChangeAddress goes to the address that an account is to have, and has the code with which
	// that is set. Data: code and url, from the Preparer.
	ChangeAddress Kind = "change_address"
	// AddressChanged goes to the address that an account had, and has the code with which it
	// is set again. Data: code and url, from the Preparer.
	AddressChanged Kind = "address_changed"
	// AddressSet tells the owner that the account has this address now.
	AddressSet Kind = "address_set"
	// AddressRestored tells both addresses that the change was undone.
	AddressRestored Kind = "address_restored"
	// PasswordWasReset tells the owner that the password was set anew with such a code.
	PasswordWasReset Kind = "password_was_reset"
	// Registration has the code with which an account is made that somebody has asked for. Data:
	// code and url, from the Preparer.
	Registration Kind = "registration"
	// AlreadyRegistered tells the owner of an account that somebody wanted to register its
	// address.
	AlreadyRegistered Kind = "already_registered"
	// Invitation has the code with which an account is made. Data: code and url, from the
	// Preparer.
	Invitation Kind = "invitation"
	// TokenEnds tells the owner of a personal access token that it is about to end. Data:
	// name, which the owner has chosen, and ends, as RFC 3339.
	TokenEnds Kind = "token_ends"
	// FactorAdded and FactorRemoved tell the owner that signing in needs a second step from now
	// on, or no more.
	FactorAdded   Kind = "factor_added"
	FactorRemoved Kind = "factor_removed"
	// FactorsChanged tells the owner that a passkey or an authenticator app came or went, and that
	// signing in is as it was otherwise.
	FactorsChanged Kind = "factors_changed"
	// RecoveryCodesReplaced tells the owner that there are new recovery codes.
	RecoveryCodesReplaced Kind = "recovery_codes_replaced"
	// WrongSecondStep tells the owner that somebody knew the password and typed a wrong code.
	WrongSecondStep Kind = "wrong_second_step"
)

// Kinds are all kinds.
func Kinds() []Kind {
	return []Kind{PasswordChanged, NewDevice, ResetPassword, PasswordWasReset, ChangeAddress, AddressChanged, AddressSet, AddressRestored, Registration, AlreadyRegistered, Invitation, TokenEnds, FactorAdded, FactorRemoved, FactorsChanged, RecoveryCodesReplaced, WrongSecondStep}
}
