package main

import (
	"auth.books.test/internal/mailbox"
	"auth.books.test/services/auth-api/internal/config"
)

// mailFrom is the sender of mails in development, unless the environment has another.
const mailFrom = "auth@books.test"

// box is the mailbox of a run; without one if the environment names a mail server.
type box struct{ *mailbox.Mailbox }

func startMailbox() (box, error) {
	if isGiven("AUTH_API_SMTP_URL") {
		return box{}, nil
	}
	m, err := mailbox.Start()
	return box{m}, err
}

// set lets the service send to the mailbox.
func (b box) set(c *config.Config) {
	if b.Mailbox == nil {
		return
	}
	from := mailFrom
	if given := c.MailFrom.String(); given != "" {
		from = given
	}
	_ = c.SetMail(b.SMTP, from) // Both are addresses: mailFrom, and one that was parsed.
}

// note says where mails are read.
func (b box) note() string {
	if b.Mailbox == nil {
		return "sent as AUTH_API_SMTP_URL says"
	}
	return b.URL
}

func (b box) stop() error {
	if b.Mailbox == nil {
		return nil
	}
	return b.Stop()
}
