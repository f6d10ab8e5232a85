package mailbox

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// Mail is a mail as it came, and as people read it.
type Mail struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	From      string    `json:"from"`
	To        []string  `json:"to"`
	Subject   string    `json:"subject"`
	MessageID string    `json:"message_id"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	// Problem says what of it could not be read.
	Problem string `json:"problem,omitempty"`
}

// parse reads what it can.
func parse(raw []byte) (m Mail) {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{Text: string(raw), Problem: err.Error()}
	}
	m.From, m.Subject, m.MessageID = decoded(message.Header.Get("From")), decoded(message.Header.Get("Subject")), message.Header.Get("Message-ID")
	if err := m.addPart(textproto.MIMEHeader(message.Header), message.Body); err != nil {
		m.Problem = err.Error()
	}
	return m
}

func decoded(header string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		return header
	}
	return text
}

// addPart adds a part, and those that it is made of.
func (m *Mail) addPart(header textproto.MIMEHeader, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.EqualFold(header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.addPart(part.Header, part); err != nil {
				return err
			}
		}
	case kind == "text/html":
		m.HTML, err = readAll(body)
	default:
		m.Text, err = readAll(body)
	}
	return err
}

func readAll(r io.Reader) (string, error) {
	b, err := io.ReadAll(r)
	return strings.ReplaceAll(string(b), "\r\n", "\n"), err
}
