package mail

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Mail is a message to be written when it is sent.
type Mail struct {
	// ID is also its Message-ID, with the domain of the sender's address. If it is uuid.Nil,
	// Queue makes one.
	ID uuid.UUID
	// Kind says which text it has.
	Kind Kind
	// To is the address as it was typed or as it is stored; Prepare may replace it.
	To string
	// Language is the BCP 47 tag as it was negotiated; "" is English.
	Language string
	// Account is whom it is about; uuid.Nil if that is found out when it is sent.
	Account uuid.UUID
	// Data are the parameters of the text. They are stored: never a secret.
	Data map[string]string
}

// Preparer decides, right before a mail is sent, whether and to whom, and adds what must be
// stored nowhere, such as a code. It is called again for each attempt to send the mail.
type Preparer interface {
	// Prepare runs in the transaction that marks the mail as being sent. What it adds to the
	// data is not stored; the account of out is. If send is false, the mail is dropped.
	// It must lock no subject: whoever deletes an account locks that, and then its mails.
	Prepare(ctx context.Context, tx pgx.Tx, m Mail) (out Mail, send bool, err error)
	// HandedOver runs in the transaction that marks the mail as sent, with the mail as it was
	// prepared. at is when the server accepted it.
	HandedOver(ctx context.Context, tx pgx.Tx, m Mail, at time.Time) error
}
