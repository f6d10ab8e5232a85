package mailbox

import (
	"io"
	"time"

	"github.com/emersion/go-smtp"
)

// delivery is one conversation with a client.
type delivery struct {
	to         *Mailbox
	recipients []string
}

// Reset, Logout, Mail, Rcpt and Data implement smtp.Session.
func (d *delivery) Reset() { d.recipients = nil }

func (d *delivery) Logout() error { return nil }

func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }

func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.recipients = append(d.recipients, to)
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	mail := parse(raw)
	mail.To, mail.At = d.recipients, time.Now().UTC()
	d.to.add(mail)
	return nil
}
