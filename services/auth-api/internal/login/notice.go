package login

import (
	"context"

	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/device"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/services/auth-api/internal/session"
)

// Mails queues mails; mail.Outbox implements it.
type Mails interface {
	Queue(ctx context.Context, tx pgx.Tx, m mail.Mail) error
	// Wake says that a transaction with a mail was committed.
	Wake()
}

// admitStranger is admit for a sign-in on a device that is not known: it also queues a notice
// to the owner, unless this is the first sign-in of all, or nobody has proved that the address
// is theirs.
func (s *Service) admitStranger(who account.Account, admit func(context.Context, pgx.Tx) error, from session.Origin) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		if err := admit(ctx, tx); err != nil {
			return err
		}
		first, err := account.NoteFirstSignIn(ctx, tx, who.ID)
		if err != nil || first || !who.EmailVerified {
			return err
		}
		return s.mails.Queue(ctx, tx, newDevice(who, from))
	}
}

func newDevice(who account.Account, from session.Origin) mail.Mail {
	data := map[string]string{}
	data["browser"], data["system"] = device.Names(from.Device)
	if from.IP.IsValid() {
		data["address"] = from.IP.String()
	}
	return mail.Mail{Kind: mail.NewDevice, To: who.Email, Account: who.ID, Data: data}
}
