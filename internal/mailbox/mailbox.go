package mailbox

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	// kept is how many mails are in memory.
	kept = 100
	// maxMessage bounds a mail, in bytes.
	maxMessage = 1 << 20
	timeout    = 10 * time.Second
)

// Mailbox is a running mail server.
type Mailbox struct {
	// SMTP is the URL of the server, as AUTH_API_SMTP_URL takes it.
	SMTP string
	// URL is where the page is.
	URL string

	smtp *smtp.Server
	http *http.Server

	mu    sync.Mutex // guards the fields below
	mails []Mail     // the newest last
	last  int
}

// Start listens on free ports of the loopback address.
func Start() (*Mailbox, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for mails: %w", err)
	}
	page, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for the page of mails: %w", err), l.Close())
	}
	m := &Mailbox{SMTP: "smtp+insecure://" + l.Addr().String(), URL: "http://" + page.Addr().String() + "/mail"}
	m.smtp = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{to: m}, nil }))
	m.smtp.Domain, m.smtp.ReadTimeout, m.smtp.WriteTimeout, m.smtp.MaxMessageBytes = "mailbox", timeout, timeout, maxMessage
	m.smtp.ErrorLog = log.New(io.Discard, "", 0)
	m.http = &http.Server{Handler: m.handler(), ReadHeaderTimeout: timeout, WriteTimeout: timeout}
	go func() { _ = m.smtp.Serve(l) }()    // until it is closed
	go func() { _ = m.http.Serve(page) }() // until it is closed
	return m, nil
}

// Stop closes both listeners.
func (m *Mailbox) Stop() error { return errors.Join(m.smtp.Close(), m.http.Close()) }

// Mails are those that are kept, the newest first.
func (m *Mailbox) Mails() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Clone(m.mails)
	slices.Reverse(all)
	return all
}

func (m *Mailbox) add(mail Mail) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last++
	mail.ID = strconv.Itoa(m.last)
	m.mails = append(m.mails, mail)
	if len(m.mails) > kept {
		m.mails = slices.Delete(m.mails, 0, len(m.mails)-kept)
	}
}

func (m *Mailbox) find(id string) (Mail, bool) {
	for _, mail := range m.Mails() {
		if mail.ID == id {
			return mail, true
		}
	}
	return Mail{}, false
}
