package page_test

import (
	"slices"
	"testing"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/page"
)

// Whoever adds a verb decides whether owners of accounts see it.
func TestEveryVerbAboutAnAccountHasWords(t *testing.T) {
	t.Parallel()
	notAboutAccounts := []audit.Verb{
		audit.InviteAccount, audit.EndClient, audit.CreateAPI, audit.ChangeAPI, audit.CreateRole, audit.ChangeRole,
		audit.CreateClient, audit.ChangeClient, audit.RotateSecret, audit.DropOldSecrets, audit.DisableClient, audit.AuthenticateClient, audit.DroppedRefusals,
	}
	for _, v := range audit.Verbs() {
		if done, _ := page.WordsOf(v); (done == "") != slices.Contains(notAboutAccounts, v) {
			t.Errorf("%s: the words are %q", v, done)
		}
	}
}

func TestEventsAreToldInPlainWords(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]audit.Recorded{
		"Signed in": {Verb: audit.SignIn, Outcome: audit.Done},
		"A sign-in was refused: the password was wrong":                         {Verb: audit.SignIn, Outcome: audit.Refused, Reason: fault.InvalidCredentials},
		"A sign-in was refused: there were too many attempts":                   {Verb: audit.SignIn, Outcome: audit.Refused, Reason: fault.TooManyAttempts},
		"Somebody wanted to register your address: it has this account already": {Verb: audit.RegisterAccount, Outcome: audit.Refused, Reason: fault.AlreadyExists},
		"Refused: A personal token was made":                                    {Verb: audit.CreatePersonal, Outcome: audit.Refused, Reason: fault.StoreUnavailable},
		"A role was given: books/reader":                                        {Verb: audit.AssignRole, Outcome: audit.Done, About: "books/reader"},
		"shelf.dusted":                                                          {Verb: "shelf.dusted", Outcome: audit.Done},
	} {
		if got := page.EventWords(e, ""); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for want, verb := range map[string]audit.Verb{
		"Shelf was let in": audit.AllowApp, "Signed in to Shelf": audit.SignInToApp, "Shelf was ended": audit.EndApp,
		"Shelf was ended, because its code or token was used twice": audit.EndReused, "Signed in": audit.SignIn,
	} {
		if got := page.EventWords(audit.Recorded{Verb: verb, Outcome: audit.Done}, "Shelf"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
