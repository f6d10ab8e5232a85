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
	// PasswordWasReset tells the owner that the password was set anew with such a code.
	PasswordWasReset Kind = "password_was_reset"
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
	// RecoveryCodesReplaced tells the owner that there are new recovery codes.
	RecoveryCodesReplaced Kind = "recovery_codes_replaced"
	// WrongSecondStep tells the owner that somebody knew the password and typed a wrong code.
	WrongSecondStep Kind = "wrong_second_step"
)

// Kinds are all kinds.
func Kinds() []Kind {
	return []Kind{PasswordChanged, NewDevice, ResetPassword, PasswordWasReset, Invitation, TokenEnds, FactorAdded, FactorRemoved, RecoveryCodesReplaced, WrongSecondStep}
}
