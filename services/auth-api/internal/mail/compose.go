package mail

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// Composer writes messages.
type Composer struct {
	// From is the sender.
	From mail.Address
	// Service is what the service is called.
	Service string
	// Issuer is the URL of the service; all links begin with it.
	Issuer string
}

// Compose writes a message (RFC 5322) as plain text and as HTML. queued is when it was
// queued, which is when that happened of which it speaks. The errors repeat no address.
func (c *Composer) Compose(m Mail, queued, now time.Time) ([]byte, error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil || to.Address != m.To || strings.ContainsAny(m.To, "\r\n") {
		return nil, errors.New("the recipient is not an address")
	}
	w, err := c.words(m, queued)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	parts := multipart.NewWriter(&out)
	// The same for each attempt.
	if err := parts.SetBoundary("part-" + m.ID.String()); err != nil {
		return nil, err
	}
	for _, header := range [][2]string{
		{"From", c.From.String()},
		{"To", (&mail.Address{Address: to.Address}).String()},
		{"Subject", mime.QEncoding.Encode("utf-8", w.subject)},
		{"Date", now.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.ID.String() + "@" + domainOf(c.From.Address) + ">"},
		{"MIME-Version", "1.0"},
		{"Content-Type", `multipart/alternative; boundary="` + parts.Boundary() + `"`},
		{"Content-Language", w.language},
		// No out-of-office replies, please (RFC 3834).
		{"Auto-Submitted", "auto-generated"},
	} {
		if strings.ContainsAny(header[1], "\r\n") {
			return nil, fmt.Errorf("the header %s has several lines", header[0])
		}
		fmt.Fprintf(&out, "%s: %s\r\n", header[0], header[1])
	}
	out.WriteString("\r\n")
	if err := errors.Join(addPart(parts, "text/plain", w.text()), addPart(parts, "text/html", w.html()), parts.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func addPart(to *multipart.Writer, contentType, content string) error {
	part, err := to.CreatePart(textproto.MIMEHeader{"Content-Type": {contentType + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
	if err != nil {
		return err
	}
	encoder := quotedprintable.NewWriter(part)
	if _, err := encoder.Write([]byte(strings.ReplaceAll(content, "\n", "\r\n"))); err != nil {
		return err
	}
	return encoder.Close()
}

// domainOf is what is after the @ of an address.
func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
