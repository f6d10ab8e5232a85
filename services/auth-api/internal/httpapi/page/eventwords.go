package page

import (
	"cmp"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
)

// eventWords say to the owner of an account what was done, or what was refused. app is the name
// of the client that appOf returns; "" if there is none, or it is disabled.
func eventWords(e audit.Recorded, app string) string {
	done, refused := wordsOf(e.Verb, app)
	switch {
	case done == "":
		return string(e.Verb)
	case e.Outcome == audit.Done && (e.Verb == audit.AssignRole || e.Verb == audit.UnassignRole):
		return done + ": " + e.About
	case e.Outcome == audit.Done && e.Verb == audit.AddFactor && e.About == "passkey":
		return "A passkey was added"
	case e.Outcome == audit.Done && e.Verb == audit.RemoveFactor && e.About == "passkey":
		return "A passkey was removed"
	case e.Outcome == audit.Done && e.Verb == audit.AddFactor:
		return "An authenticator app was added"
	case e.Outcome == audit.Done && e.Verb == audit.RemoveFactor && e.About == "totp":
		return "The authenticator app was removed"
	case e.Outcome == audit.Done:
		return done
	case refused == "":
		refused = "Refused: " + done
	}
	return refused + why(e.Reason)
}

// wordsOf are the words for a verb; "" if it is never about an account. refused is "" where
// nothing better can be said than that it was refused. app is as in eventWords.
func wordsOf(v audit.Verb, app string) (done, refused string) {
	switch v {
	case audit.RegisterAccount:
		return "The account was made with a code that was mailed to its address", "Somebody wanted to register your address"
	case audit.CreateAccount:
		return "The account was made", ""
	case audit.ImportAccount:
		return "The account was brought over from another program", ""
	case audit.VerifyEmail:
		return "The address was confirmed", ""
	case audit.UnlockAccount:
		return "The account was unlocked after wrong passwords", ""
	case audit.RenameAccount:
		return "The name was changed", ""
	case audit.ChangePassword:
		return "The password was changed", "The password was not changed"
	case audit.RequestAddress:
		return "A code was asked for, to change the address", "No code to change the address was mailed"
	case audit.ChangeAddress:
		return "The address was changed", "The address was not changed"
	case audit.UndoAddress:
		return "A change of the address was undone", "A change of the address was not undone"
	case audit.RequestReset:
		return "A code for a new password was mailed", "No code for a new password was mailed"
	case audit.ResetPassword:
		return "A new password was set with a code that was mailed", "No new password was set"
	case audit.DisableAccount:
		return "The account was disabled", ""
	case audit.EnableAccount:
		return "The account was enabled", ""
	case audit.DeleteAccount:
		return "The account was deleted", "The account was not deleted"
	case audit.ExportAccount:
		return "Everything that is stored about you was exported", ""
	case audit.AddFactor:
		return "The second step was turned on", ""
	case audit.RemoveFactor:
		return "The second step was turned off", ""
	case audit.NewRecoveryCodes:
		return "New recovery codes were made", ""
	case audit.SignIn:
		return "Signed in", "A sign-in was refused"
	case audit.SignOut:
		return "Signed out", ""
	case audit.EndSession:
		return "A sign-in was ended", ""
	case audit.EndSessions:
		return "All other sign-ins were ended", ""
	case audit.CreatePersonal:
		return "A personal token was made", ""
	case audit.EndPersonal:
		return "A personal token was ended", ""
	case audit.RevokeToken:
		return "A token was ended by whoever had it", ""
	case audit.AllowApp:
		return cmp.Or(app, "An app") + " was let in", ""
	case audit.SignInToApp:
		return "Signed in to " + cmp.Or(app, "an app"), ""
	case audit.EndApp:
		return cmp.Or(app, "An app") + " was ended", ""
	case audit.EndReused:
		return cmp.Or(app, "An app") + " was ended, because its code or token was used twice", ""
	case audit.AssignRole:
		return "A role was given", ""
	case audit.UnassignRole:
		return "A role was taken away", ""
	}
	return "", ""
}

// why ends the words for what was refused.
func why(c fault.Code) string {
	switch c {
	case fault.InvalidCredentials, fault.WrongPassword:
		return ": the password was wrong"
	case fault.InvalidCode:
		return ": the code was wrong"
	case fault.TooManyAttempts:
		return ": there were too many attempts"
	case fault.AccountDisabled:
		return ": the account is disabled"
	case fault.AlreadyExists:
		return ": it has this account already"
	}
	return ""
}

// appOf is the client that an event is about, or by; uuid.Nil if there is none.
func appOf(e audit.Recorded) uuid.UUID {
	switch {
	case e.Verb == audit.AllowApp, e.Verb == audit.EndApp:
		id, _ := uuid.Parse(e.About) // it is a client's id, see package authorization
		return id
	case e.Actor.Kind == audit.Client:
		return e.Actor.ID
	}
	return uuid.Nil
}

// byWords say who did it, unless that was the owner, or an app that eventWords name already. app
// is as in eventWords.
func byWords(e audit.Recorded, app string) string {
	switch e.Actor.Kind {
	case audit.Client:
		if e.Verb == audit.SignInToApp || e.Verb == audit.EndReused {
			return ""
		}
		return ", by " + cmp.Or(app, "an app")
	case audit.Command:
		return ", by whoever runs the service"
	case audit.Nobody:
		return ", by somebody who was not signed in"
	}
	return ""
}
