package config

import (
	"errors"
	stdmail "net/mail"
	"strings"

	"auth.books.test/internal/setting"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/verify/storeurl"
)

const smtpExample = "smtps://user:password@mail.books.test:465"

// sender is an address, perhaps with a display name.
type sender struct{ stdmail.Address }

// Decode accepts auth@books.test and Books <auth@books.test>.
func (s *sender) Decode(text string) error {
	parsed, err := stdmail.ParseAddress(text)
	if err != nil || strings.ContainsFunc(parsed.Address, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return errors.New("write an address such as auth@books.test, or Books <auth@books.test>, in ASCII but for the name")
	}
	s.Address = *parsed
	return nil
}

func (s sender) String() string {
	if s.Address.Address == "" {
		return ""
	}
	return s.Address.String()
}

// SendsMail reports whether AUTH_API_SMTP_URL is set.
func (c *Config) SendsMail() bool { return c.SMTPURL.IsSet() }

// SMTP is the mail server of AUTH_API_SMTP_URL, parsed by Load; nil if it is not set.
func (c *Config) SMTP() *mail.SMTP { return c.parsed.smtp }

// Sender is AUTH_API_MAIL_FROM, with AUTH_API_NAME as its name if it has none.
func (c *Config) Sender() stdmail.Address {
	from := c.MailFrom.Address
	if from.Name == "" {
		from.Name = string(c.Name)
	}
	return from
}

// SetMail sets AUTH_API_SMTP_URL and AUTH_API_MAIL_FROM.
func (c *Config) SetMail(url, from string) error {
	c.SMTPURL = setting.NewSecret(url)
	return c.MailFrom.Decode(from)
}

func (c *Config) validateMail(faults *setting.Faults) {
	const name = "AUTH_API_SMTP_URL"
	if !c.SMTPURL.IsSet() || faults.Has(name) {
		return
	}
	server, err := parseSMTP(c.SMTPURL.Reveal())
	if err != nil {
		faults.Add(name, "%v. Example: %s", err, smtpExample)
		return
	}
	if c.MailFrom.Address.Address == "" && !faults.Has("AUTH_API_MAIL_FROM") {
		faults.Add("AUTH_API_MAIL_FROM", "it is not set, and mails need a sender: set it to an address such as auth@books.test, or unset %s", name)
	}
	if c.Issuer.URL == "" && !faults.Has("AUTH_API_ISSUER") {
		faults.Add("AUTH_API_ISSUER", "it is not set, and mails have links that begin with it: set it, or unset %s", name)
	}
	server.From = c.MailFrom.Address.Address
	c.parsed.smtp = server
}

// parseSMTP parses the URL of a mail server. The error repeats nothing of it.
func parseSMTP(raw string) (*mail.SMTP, error) {
	u, err := storeurl.Parse(raw)
	if err != nil {
		return nil, err
	}
	s, port := &mail.SMTP{User: u.User, Password: u.Password}, 0
	switch u.Scheme {
	case "smtps":
		s.Security, port = mail.ImplicitTLS, 465
	case "smtp":
		s.Security, port = mail.StartTLS, 587
	case "smtp+insecure":
		s.Security, port = mail.Insecure, 25
	default:
		return nil, errors.New("the scheme is none of smtps (TLS), smtp (STARTTLS) and smtp+insecure (no TLS)")
	}
	switch {
	case u.Path != "" || len(u.Params) > 0:
		return nil, errors.New("there is something after the host: a mail server has neither path nor parameters")
	case (u.User == "") != (u.Password == ""):
		return nil, errors.New("of user and password there is only one: give both, or none")
	case u.User != "" && s.Security == mail.Insecure:
		return nil, errors.New("a password would be sent without TLS: use smtp or smtps, or leave user and password out")
	}
	hosts, err := storeurl.Hosts(u.Hosts, port)
	if err != nil {
		return nil, err
	}
	if len(hosts) > 1 {
		return nil, errors.New("there are several hosts: write one")
	}
	s.Address = hosts[0]
	return s, nil
}
