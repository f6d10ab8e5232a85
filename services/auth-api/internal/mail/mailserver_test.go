package mail_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"auth.books.test/services/auth-api/internal/mail"
)

// mailServer is an SMTP server on loopback that a test tells how to misbehave.
type mailServer struct {
	address string
	roots   *x509.CertPool

	mu       sync.Mutex // guards the fields below
	accepted []accepted
	attempts int
	// onRcpt and onData answer the nth attempt, from 1. onData is called before the message
	// is read; read reads it.
	onRcpt func(n int) error
	onData func(n int, s *mailSession, read func() []byte) error
	users  []string
}

type accepted struct {
	from, to string
	message  []byte
	tls      bool
}

// kind of server: what of TLS it offers.
type offers int

const (
	nothing offers = iota
	startTLS
	implicitTLS
)

func newMailServer(t *testing.T, o offers) *mailServer {
	t.Helper()
	certificate, roots := certificateFor(t, "127.0.0.1")
	s := &mailServer{roots: roots}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &mailSession{server: s, conn: c}, nil }))
	server.Domain, server.ErrorLog, server.MaxMessageBytes = "books.test", log.New(io.Discard, "", 0), 64<<20
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	switch o {
	case startTLS:
		server.TLSConfig = config
	case implicitTLS:
		l = tls.NewListener(l, config)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return s
}

func (s *mailServer) got() []accepted {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]accepted(nil), s.accepted...)
}

func (s *mailServer) tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

// client reaches the server, with deadlines that tests can wait for.
func (s *mailServer) client(security mail.Security) *mail.SMTP {
	return &mail.SMTP{Address: s.address, Security: security, From: "auth@books.test", Roots: s.roots, TalkTimeout: 20 * time.Second, ReplyTimeout: 20 * time.Second}
}

type mailSession struct {
	server *mailServer
	conn   *smtp.Conn
	to     string
	from   string
	number int
}

func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.attempts++
	s.from, s.number = from, s.server.attempts
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if s.server.onRcpt != nil {
		return s.server.onRcpt(s.number)
	}
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	var message []byte
	read := func() []byte {
		if message == nil {
			message, _ = io.ReadAll(r)
		}
		return message
	}
	if s.server.onData != nil {
		if err := s.server.onData(s.number, s, read); err != nil {
			return err
		}
	}
	read()
	if !bytes.Contains(message, []byte("\r\n\r\n")) {
		return errors.New("no message")
	}
	_, secure := s.conn.TLSConnectionState()
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.accepted = append(s.server.accepted, accepted{s.from, s.to, message, secure})
	return nil
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "secret" {
			return smtp.ErrAuthFailed
		}
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.server.users = append(s.server.users, user)
		return nil
	}), nil
}

// certificateFor makes a certificate for a host, and the pool that trusts it.
func certificateFor(t *testing.T, host string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
