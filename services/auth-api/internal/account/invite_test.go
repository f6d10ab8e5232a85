package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
)

// invite invites an address, and returns the request and the code of the mail; none if no mail
// is sent.
func invite(t *testing.T, w *authtest.World, email string) (id uuid.UUID, typed string) {
	t.Helper()
	authtest.WantCode(t, "invite", w.Accounts.Invite(t.Context(), email, ""), "")
	i := account.InvitationMail{Codes: w.Codes, Link: func(request uuid.UUID) string { return request.String() }}
	err := w.Store.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		for _, m := range taken(t, w) {
			if m.Kind != mail.Invitation {
				continue
			}
			out, send, err := i.Prepare(ctx, tx, m)
			if err != nil || !send {
				return err
			}
			id, typed = uuid.MustParse(out.Data["url"]), out.Data["code"]
			return i.HandedOver(ctx, tx, out, w.Clock.Now())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return id, typed
}

func TestInvitationIsGoodForDaysAndMakesAVerifiedAccount(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id, typed := invite(t, w, ada)
	w.Clock.Move(code.InvitationLifetime - time.Hour)
	if n, err := w.Codes.SweepOnce(t.Context()); err != nil || n != 0 {
		t.Fatalf("swept %d, %v", n, err)
	}
	authtest.WantCode(t, "join", w.Accounts.Join(t.Context(), id, typed, first), "")
	if p := w.Verify(w.SignIn(ada, first).Token); p == nil || !p.EmailVerified || p.Email != ada {
		t.Errorf("the token says %+v", p)
	}
	late, typed := invite(t, w, grace)
	w.Clock.Move(code.InvitationLifetime)
	authtest.WantCode(t, "too late", w.Accounts.Join(t.Context(), late, typed, first), fault.InvalidCode)
	w.Clock.Move(25 * time.Hour)
	if n, err := w.Codes.SweepOnce(t.Context()); err != nil || n != 2 {
		t.Errorf("swept %d, %v", n, err)
	}
}

func TestAddressThatHasAnAccountIsNotInvited(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, first)
	authtest.WantCode(t, "invite", w.Accounts.Invite(t.Context(), "ADA@books.test", ""), fault.AlreadyExists)
	authtest.WantCode(t, "no address", w.Accounts.Invite(t.Context(), "ada", ""), fault.ValidationFailed)
	// Nor is one that has one when the mail is to be sent, or when the code is typed.
	authtest.WantCode(t, "invite", w.Accounts.Invite(t.Context(), grace, ""), "")
	w.Register(grace, first)
	i := account.InvitationMail{Codes: w.Codes}
	err := w.Store.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		for _, m := range taken(t, w) {
			if _, send, err := i.Prepare(ctx, tx, m); err != nil || send {
				t.Errorf("sent: %v, %v", send, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	id, typed := invite(t, w, "hedy@books.test")
	w.Register("hedy@books.test", first)
	authtest.WantCode(t, "join", w.Accounts.Join(t.Context(), id, typed, second), fault.InvalidCode)
	w.SignIn("hedy@books.test", first)
}
