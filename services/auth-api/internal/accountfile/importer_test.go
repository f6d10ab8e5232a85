package accountfile_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/accountfile"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/password/foreign"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const (
	typed = "correct horse battery"
	// fast is Django's hash of typed (passlib.hash.django_pbkdf2_sha256.using(rounds=2000)).
	fast = `"password_hash":"pbkdf2_sha256$2000$abcdefghijkl$BAxFDN0scv8+btPHiu3TqufYVsYnghQ9KkXx7oporgI=","hash_format":"django"`
)

// importing runs an import of the lines, and returns what was reported.
func importing(t *testing.T, w *authtest.World, dry bool, lines ...string) (accountfile.Totals, []accountfile.Entry) {
	t.Helper()
	var report []accountfile.Entry
	totals, err := accountfile.Import(t.Context(), strings.NewReader(strings.Join(lines, "\n")), accountfile.Options{
		Accounts: w.Accounts, DryRun: dry, Report: func(e accountfile.Entry) error { report = append(report, e); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return totals, report
}

func wantTotals(t *testing.T, what string, got accountfile.Totals, read, added, there, refused int) {
	t.Helper()
	if want := (accountfile.Totals{Read: read, Added: added, AlreadyThere: there, Refused: refused}); got != want {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

// many are lines of as many accounts.
func many(count int) (lines []string) {
	for n := range count {
		lines = append(lines, fmt.Sprintf(`{"email":"person%d@books.test","email_verified":%v,"name":"Person %d",%s}`, n, n%2 == 0, n, fast))
	}
	return lines
}

const rows = `SELECT json_agg(a ORDER BY a.id) FROM accounts a`

func TestSecondRunAddsNothing(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	lines := many(2100)
	// What a run that ended early has left.
	totals, _ := importing(t, w, false, lines[:777]...)
	wantTotals(t, "the first lines", totals, 777, 777, 0, 0)
	totals, report := importing(t, w, false, lines...)
	wantTotals(t, "all lines", totals, 2100, 1323, 777, 0)
	if len(report) != 777 || report[776] != (accountfile.Entry{Line: 777, Email: "person776@books.test", Outcome: accountfile.AlreadyThere}) {
		t.Errorf("%d entries, the last %+v", len(report), report[len(report)-1])
	}
	before := w.Text(rows)
	totals, _ = importing(t, w, false, lines...)
	wantTotals(t, "once more", totals, 2100, 0, 2100, 0)
	if w.Text(rows) != before {
		t.Error("the second run changed accounts")
	}
	if n := w.Text(`SELECT count(*) || ' ' || count(DISTINCT subject) FROM events WHERE verb = 'account.import' AND outcome = 'done'`); n != "2100 2100" {
		t.Errorf("%s events and accounts in them, want 2100 of each", n)
	}
	if n := w.Text(`SELECT count(*) FROM accounts WHERE email_verified_at IS NOT NULL AND name LIKE 'Person %'`); n != "1050" {
		t.Errorf("%s accounts are verified and have a name, want 1050", n)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register("Person1@books.test", "violet teapot marches north")
	before := w.Text(rows) + w.Text(`SELECT count(*) FROM events`)
	lines := append(many(700), `{"email":"PERSON699@books.test",`+fast+`}`, `{"email":"x"}`)
	totals, dry := importing(t, w, true, lines...)
	wantTotals(t, "a dry run", totals, 702, 699, 0, 3)
	if w.Text(rows)+w.Text(`SELECT count(*) FROM events`) != before {
		t.Error("a dry run wrote something")
	}
	totals, real := importing(t, w, false, lines...)
	wantTotals(t, "a real run", totals, 702, 699, 0, 3)
	if !slices.Equal(dry, real) {
		t.Errorf("the dry run said %v, the real one %v", dry, real)
	}
}

func TestTwinsAreReported(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register("Hedy@books.test", "violet teapot marches north")
	ada := `{"email":"ada@books.test",` + fast + `}`
	lines := []string{ada, `{"email":"ADA@books.test"}`, ada, "", `{"email":"hedy@books.test",` + fast + `}`, `{"email":"Hedy@books.test"}`}
	for n, first := range []int{1, 0} { // The second run says the same.
		totals, report := importing(t, w, false, append(lines, append(many(600), `{"email":"aDa@books.test"}`)...)...)
		wantTotals(t, "twins", totals, 606, first*601, (1-first)*601, 5)
		var refused []string
		for _, e := range report {
			if e.Outcome == accountfile.Refused {
				refused = append(refused, fmt.Sprint(e.Line, " ", e.Email, " ", e.Reason, " ", e.Detail))
			}
		}
		slices.Sort(refused)
		want := []string{
			"2 ADA@books.test twin line 1 has the address, compared without regard to case",
			"3 ada@books.test twin line 1 has the address, compared without regard to case",
			"5 hedy@books.test address_differs_in_case an account has the address in another case, and was left as it is",
			"6 Hedy@books.test twin line 5 has the address, compared without regard to case",
			"607 aDa@books.test twin line 1 has the address, compared without regard to case",
		}
		if !slices.Equal(refused, want) {
			t.Errorf("run %d:\n%s\nwant\n%s", n, strings.Join(refused, "\n"), strings.Join(want, "\n"))
		}
	}
	if _, err := w.Accounts.Authenticate(t.Context(), "hedy@books.test", typed, nil); fault.CodeOf(err) != fault.InvalidCredentials {
		t.Errorf("the password of a twin was taken over: %v", err)
	}
}

func TestRefusedLinesSayWhy(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	const id = "0192f0c1-2345-7abc-8def-0123456789ab"
	for reason, lines := range map[accountfile.Reason][]string{
		accountfile.LineTooLong: {`{"email":"a@books.test","name":"` + strings.Repeat("x", 200_000) + `"}`},
		accountfile.NotJSON: {
			"ada@books.test", `{"email":"a@books.test"} {}`, `{"email":"a@books.test","email":"b@books.test"}`, `{"email":"a@books.test","admin":true}`,
			`{"email":"a@books.test","email_verified":"yes"}`, `{"Email":"a@books.test"}`, "{\"email\":\"a@books.test\",\"name\":\"\xff\"}", `[]`,
		},
		accountfile.NotAnEmail: {`{}`, `{"email":"ada"}`, `{"email":"ád@books.test"}`, `{"email":" ada@books.test"}`},
		accountfile.NotAName:   {`{"email":"a@books.test","name":"` + strings.Repeat("x", 65) + `"}`, `{"email":"a@books.test","name":"a\u0000"}`},
		accountfile.NotAnID:    {`{"email":"a@books.test","id":"17"}`, `{"email":"a@books.test","id":"00000000-0000-0000-0000-000000000000"}`, `{"email":"a@books.test","id":"{` + id + `}"}`},
		"unknown_hash_format":  {`{"email":"a@books.test","password_hash":"x"}`, `{"email":"a@books.test","password_hash":"x","hash_format":"md5"}`},
		"malformed_hash":       {`{"email":"a@books.test","hash_format":"bcrypt"}`, `{"email":"a@books.test","password_hash":7,"hash_format":"bcrypt"}`},
		"unsupported_hash":     {`{"email":"a@books.test","password_hash":"$2x$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS","hash_format":"bcrypt"}`},
		"hash_too_costly":      {`{"email":"a@books.test","password_hash":"$2b$31$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS","hash_format":"bcrypt"}`},
	} {
		for _, l := range lines {
			totals, report := importing(t, w, false, l, `{"email":"next@books.test"}`)
			if totals.Refused != 1 || len(report) < 1 || report[0].Line != 1 || report[0].Reason != reason || report[0].Detail == "" {
				t.Errorf("%.80s: %+v, want %s", l, report, reason)
			}
		}
	}
	if n := w.Text(`SELECT string_agg(email, ' ') FROM accounts`); n != "next@books.test" {
		t.Errorf("accounts: %s", n)
	}
}

func TestIDsAreKept(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	const id, other = "0192f0c1-2345-7abc-8def-0123456789ab", "0192f0c1-2345-7abc-8def-0123456789ac"
	lineOf := func(email, id string) string { return `{"email":"` + email + `","id":"` + id + `",` + fast + `}` }
	totals, report := importing(t, w, false, lineOf("ada@books.test", id), lineOf("grace@books.test", id))
	wantTotals(t, "one id twice", totals, 2, 1, 0, 1)
	if report[0].Reason != accountfile.Twin || w.Text(`SELECT id FROM accounts`) != id {
		t.Errorf("%+v", report)
	}
	for line, want := range map[string]accountfile.Reason{
		lineOf("ada@books.test", other): "address_has_other_id", lineOf("grace@books.test", id): "id_taken", lineOf("ada@books.test", id): "",
	} {
		if _, report := importing(t, w, false, line); len(report) != 1 || report[0].Reason != want {
			t.Errorf("%s: %+v, want %q", line, report, want)
		}
	}
	// A deleted person's id stays theirs: a new account with it could not sign in.
	w.SignIn("ada@books.test", typed)
	authtest.WantCode(t, "delete", w.Accounts.Delete(t.Context(), must(t, id), typed), "")
	if _, report := importing(t, w, false, lineOf("ada@books.test", id)); len(report) != 1 || report[0].Reason != "id_taken" {
		t.Errorf("a deleted person's id: %+v", report)
	}
}

func TestStoppedImportSaysSo(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	ctx, stop := context.WithCancel(t.Context())
	lines := strings.Join(many(1200), "\n")
	totals, err := accountfile.Import(ctx, io.MultiReader(strings.NewReader(lines[:len(lines)*3/4]), stopping{stop}, strings.NewReader(lines[len(lines)*3/4:])),
		accountfile.Options{Accounts: w.Accounts, Firebase: foreign.FirebaseKeys{}, Report: func(accountfile.Entry) error { return nil }})
	if !errors.Is(err, context.Canceled) || totals.Added != 500 || !strings.Contains(err.Error(), "run it again") {
		t.Errorf("%+v, %v", totals, err)
	}
	if n := w.Text(`SELECT count(*) FROM accounts`); n != "500" {
		t.Errorf("%s accounts", n)
	}
	if _, err := accountfile.Import(t.Context(), strings.NewReader(lines), accountfile.Options{Accounts: w.Accounts, Report: func(accountfile.Entry) error { return errors.New("full") }}); err == nil || w.Text(`SELECT count(*) FROM accounts`) == "1200" {
		t.Errorf("a report that cannot be written ends nothing: %v", err)
	}
}

// stopping is an input that stops the import when it is reached.
type stopping struct{ stop func() }

func (s stopping) Read([]byte) (int, error) { s.stop(); return 0, io.EOF }

func must(t *testing.T, id string) uuid.UUID {
	t.Helper()
	parsed, err := uuid.Parse(id)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
