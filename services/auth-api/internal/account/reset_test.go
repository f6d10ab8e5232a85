package account_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/mail"
)

// request asks for a reset.
func request(t *testing.T, w *authtest.World, email string) uuid.UUID {
	t.Helper()
	id, err := w.Accounts.RequestReset(t.Context(), email, "")
	authtest.WantCode(t, "request", err, "")
	return id
}

// taken returns the mails that were queued since the last call, as they are before one
// is sent, and takes them out of the outbox.
func taken(t *testing.T, w *authtest.World) (queued []mail.Mail) {
	t.Helper()
	rows, err := w.DB.Query(t.Context(), `
		WITH taken AS (DELETE FROM mails RETURNING *)
		SELECT id, kind, recipient, language, coalesce(account, '00000000-0000-0000-0000-000000000000'), data FROM taken ORDER BY created_at, id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var m mail.Mail
		if err := rows.Scan(&m.ID, &m.Kind, &m.To, &m.Language, &m.Account, &m.Data); err != nil {
			t.Fatal(err)
		}
		queued = append(queued, m)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return queued
}

// prepared are the mails that are sent of those that were queued.
func prepared(t *testing.T, w *authtest.World) (sent []mail.Mail) {
	t.Helper()
	r := account.ResetMail{Codes: w.Codes, Audit: w.Recorder(), Link: func(id uuid.UUID) string { return "https://auth.books.test/reset/" + id.String() }}
	for _, m := range taken(t, w) {
		err := w.Store.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			if m.Kind != mail.ResetPassword {
				sent = append(sent, m)
				return nil
			}
			out, send, err := r.Prepare(ctx, tx, m)
			if err != nil || !send {
				return err
			}
			sent = append(sent, out)
			return r.HandedOver(ctx, tx, out, w.Clock.Now())
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return sent
}

// mailed asks for a reset and returns the code of the mail.
func mailed(t *testing.T, w *authtest.World, email string) (id uuid.UUID, code string) {
	t.Helper()
	id = request(t, w, email)
	for _, m := range prepared(t, w) {
		if m.Kind == mail.ResetPassword {
			return id, m.Data["code"]
		}
	}
	t.Fatal("no code was mailed")
	return id, ""
}

func TestResetEndsEverything(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, first)
	w.Register(grace, first)
	one, other, theirs := w.SignIn(ada, first), w.SignIn(ada, first), w.SignIn(grace, first)
	stale, old := mailed(t, w, ada)
	id, code := mailed(t, w, ada)
	authtest.WantCode(t, "reset", w.Accounts.Reset(t.Context(), id, strings.ToLower(code), second), "")
	if w.IsLive(one.Token) || w.IsLive(other.Token) || !w.IsLive(theirs.Token) {
		t.Error("a token of the account is live, or another person's is not")
	}
	_, err := w.Login.Password(t.Context(), login.Attempt{Email: ada, Password: first, Device: one.Device.Reveal()})
	authtest.WantCode(t, "the old password", err, fault.InvalidCredentials)
	w.SignIn(ada, second)
	authtest.WantCode(t, "the same code again", w.Accounts.Reset(t.Context(), id, code, first), fault.InvalidCode)
	authtest.WantCode(t, "a code of before", w.Accounts.Reset(t.Context(), stale, old, first), fault.InvalidCode)
	if sent := prepared(t, w); len(sent) != 2 || sent[0].Kind != mail.PasswordWasReset || sent[0].To != ada {
		t.Errorf("sent %+v, want a notice", sent)
	}
	verbs := w.Text(`SELECT string_agg(verb, ' ' ORDER BY at) FROM events WHERE verb IN ('account.request_reset', 'account.reset_password')`)
	if verbs != "account.request_reset account.request_reset account.reset_password" {
		t.Errorf("recorded %s", verbs)
	}
}

// A reset proves the address, and lets strangers' guesses of before count no more.
// Without a second step, a passkey is worth no more than the password with which a browser has
// made it. As a second factor it stays.
func TestResetForgetsPasskeysThatAreNoSecondFactor(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	for email, guarded := range map[string]bool{ada: false, grace: true} {
		id := w.Register(email, first)
		w.SQL(`UPDATE accounts SET second_factor = $2 WHERE id = $1`, id, guarded)
		w.SQL(`INSERT INTO passkeys (id, account, credential_id, handle, rp_id, name, credential, created_at, proved_at)
			VALUES ($1, $1, uuid_send($1), decode(repeat('00', 64), 'hex'), 'books.test', 'Browser', '{}', now(), now())`, id)
		reset, typed := mailed(t, w, email)
		authtest.WantCode(t, "reset", w.Accounts.Reset(t.Context(), reset, typed, second), "")
		if left := w.Text(`SELECT (count(*) = 1)::text FROM passkeys WHERE account = $1`, id); left != strconv.FormatBool(guarded) {
			t.Errorf("with a second step: %v; it is left: %s", guarded, left)
		}
	}
}

func TestResetProvesTheAddressAndUnlocks(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Unproved(ada, first)
	w.SQL(`UPDATE accounts SET misses = $1`, account.MaxMisses)
	id, code := mailed(t, w, ada)
	authtest.WantCode(t, "reset", w.Accounts.Reset(t.Context(), id, code, second), "")
	if p := w.Verify(w.SignIn(ada, second).Token); p == nil || !p.EmailVerified {
		t.Errorf("the token says %+v", p)
	}
}

// Whoever registered the address of somebody else leaves nothing behind that works.
func TestProofVoidsSquattersThings(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Unproved(ada, first)
	squatter := w.SignIn(ada, first)
	id := squatter.Subject
	_, err := w.Accounts.Rename(t.Context(), id, "Mallory")
	authtest.WantCode(t, "rename", err, "")
	app := uuid.New()
	_, err = w.Authorizations.RecordConsent(t.Context(), id, app, []string{"email"})
	authtest.WantCode(t, "let an app in", err, "")
	request, code := mailed(t, w, ada)
	authtest.WantCode(t, "reset", w.Accounts.Reset(t.Context(), request, code, second), "")
	if w.IsLive(squatter.Token) {
		t.Error("the squatter is signed in")
	}
	if p := w.Verify(w.SignIn(ada, second).Token); p == nil || p.Name != "" || !p.EmailVerified {
		t.Errorf("the owner's token says %+v", p)
	}
	const consents = `SELECT count(*) FROM consents WHERE withdrawn_at IS NULL`
	if n := w.Text(consents); n != "0" {
		t.Errorf("%s consents of the squatter stand", n)
	}
	// What the owner has chosen stays at the next reset.
	_, err = w.Accounts.Rename(t.Context(), id, "Ada")
	authtest.WantCode(t, "rename", err, "")
	_, err = w.Authorizations.RecordConsent(t.Context(), id, app, []string{"email"})
	authtest.WantCode(t, "let an app in", err, "")
	request, code = mailed(t, w, ada)
	authtest.WantCode(t, "reset", w.Accounts.Reset(t.Context(), request, code, first), "")
	if p := w.Verify(w.SignIn(ada, first).Token); p == nil || p.Name != "Ada" || w.Text(consents) != "1" {
		t.Errorf("the owner's token says %+v, %s consents", p, w.Text(consents))
	}
}

func TestPasswordThatIsRefusedDoesNotSpendTheCode(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, first)
	id, code := mailed(t, w, ada)
	authtest.WantInvalid(t, "too short", w.Accounts.Reset(t.Context(), id, code, "short"), "new_password", "too_short")
	hashes := w.Hashes.During(func() {
		authtest.WantCode(t, "a wrong code", w.Accounts.Reset(t.Context(), id, "BCDF-GHJK", second), fault.InvalidCode)
	})
	if hashes != 0 {
		t.Errorf("a wrong code cost %d hashes", hashes)
	}
	authtest.WantCode(t, "reset", w.Accounts.Reset(t.Context(), id, code, second), "")
}

func TestOnlyActiveAccountsGetTheMail(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register("Ada@Books.test", first)
	w.Register(grace, first)
	authtest.WantCode(t, "disable", w.Accounts.SetStatus(t.Context(), grace, account.Disabled), "")
	for _, email := range []string{"ADA@books.TEST", grace, "nobody@books.test"} {
		request(t, w, email)
	}
	sent := prepared(t, w)
	if len(sent) != 1 || sent[0].To != "Ada@Books.test" {
		t.Errorf("sent %+v, want one to the address that is stored", sent)
	}
}

// seen are the statements that were sent.
type seen struct{ statements []string }

func (s *seen) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	s.statements = append(s.statements, q.SQL)
	return ctx
}

func (s *seen) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Whoever asks cannot tell: the statements are the same.
func TestRequestDoesTheSameForUnknownAddresses(t *testing.T) {
	t.Parallel()
	s := &seen{}
	w := authtest.On(t, authtest.Stores{Tracer: s})
	w.Register(ada, first)
	sent := map[string][]string{}
	for _, email := range []string{ada, "eve@books.test"} {
		request(t, w, "eve"+email) // prepares statements
		s.statements = nil
		request(t, w, email)
		sent[email] = s.statements
	}
	if known, unknown := strings.Join(sent[ada], "\n"), strings.Join(sent["eve@books.test"], "\n"); known != unknown || known == "" {
		t.Errorf("known:\n%s\nunknown:\n%s", known, unknown)
	}
}

func TestChangeVoidsOpenCodes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *authtest.World, id uuid.UUID) error{
		"another password": func(w *authtest.World, id uuid.UUID) error {
			return w.Accounts.ChangePassword(context.Background(), id, uuid.Nil, first, second)
		},
		"deleted": func(w *authtest.World, id uuid.UUID) error { return w.Accounts.Delete(context.Background(), id, first) },
	} {
		w := authtest.New(t)
		account := w.Register(ada, first)
		id, code := mailed(t, w, ada)
		authtest.WantCode(t, name, change(w, account), "")
		authtest.WantCode(t, name, w.Accounts.Reset(t.Context(), id, code, "nine wooden boats sleep"), fault.InvalidCode)
	}
}

func TestAccountDisabledMeanwhileKeepsItsPassword(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, first)
	id, code := mailed(t, w, ada)
	authtest.WantCode(t, "disable", w.Accounts.SetStatus(t.Context(), ada, account.Disabled), "")
	authtest.WantCode(t, "reset", w.Accounts.Reset(t.Context(), id, code, second), fault.AccountDisabled)
	authtest.WantCode(t, "enable", w.Accounts.SetStatus(t.Context(), ada, account.Active), "")
	w.SignIn(ada, first)
}

func TestWithoutMailNobodyResets(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	o := w.AccountOptions()
	o.Mails = w.WithoutMail()
	without := account.New(o)
	_, err := without.RequestReset(t.Context(), ada, "")
	authtest.WantCode(t, "request", err, fault.MailNotConfigured)
	authtest.WantCode(t, "reset", without.Reset(t.Context(), uuid.New(), "BCDF-GHJK", second), fault.MailNotConfigured)
}

func TestResetWithoutAStoreChangesNothing(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(postgres, redis *devtest.Proxy){
		"Postgres": func(postgres, _ *devtest.Proxy) { postgres.Cut() },
		"Redis":    func(_, redis *devtest.Proxy) { redis.Cut() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			postgres, redis := devtest.NewProxy(t, schematest.Database(t)), devtest.NewProxy(t, devtest.Redis(t))
			w := authtest.On(t, authtest.Stores{Postgres: postgres.URL, Redis: redis.URL})
			w.Register(ada, first)
			mine := w.SignIn(ada, first)
			id, code := mailed(t, w, ada)
			cut(postgres, redis)
			err := w.Accounts.Reset(t.Context(), id, code, second)
			if c := fault.CodeOf(err); c != fault.StoreUnavailable && c != fault.ChangeUnderWay {
				t.Fatalf("got %v", err)
			}
			postgres.Restore()
			redis.Restore()
			if err := w.Accounts.Reset(t.Context(), id, code, second); err != nil {
				// It was committed before, and the old session ends when Redis hears of it.
				authtest.WantCode(t, "again", err, fault.InvalidCode)
			}
			go w.Authorizations.Relay(t.Context())
			devtest.Eventually(t, "the old session ends", func() bool { return !w.IsLive(mine.Token) })
			w.SignIn(ada, second)
		})
	}
}
