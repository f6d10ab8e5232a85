package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	// Its client ends a message apart from writing it, so that a connection that broke before
	// the end can be told from one that broke after it; wneessen/go-mail reports both alike.
	"github.com/emersion/go-smtp"
)

const (
	// talkTimeout bounds an attempt up to the end of the message.
	talkTimeout = 30 * time.Second
	// replyTimeout bounds the wait for the reply to a complete message. RFC 5321, section
	// 4.5.3.2.6, wants 10 minutes, but is for servers that have to pass the message on.
	replyTimeout = 2 * time.Minute
	// stopTimeout is what is left of replyTimeout when this replica stops.
	stopTimeout = 10 * time.Second
)

// Security says when a connection uses TLS.
type Security int

// The kinds of security.
const (
	// ImplicitTLS begins with TLS (RFC 8314), as on port 465.
	ImplicitTLS Security = iota
	// StartTLS turns to TLS, and ends if the server does not offer it, as on port 587.
	StartTLS
	// Insecure uses no TLS.
	Insecure
)

// SMTP hands messages to a mail server.
type SMTP struct {
	// Address is host:port.
	Address  string
	Security Security
	// User and Password are empty if the server asks for none.
	User, Password string
	// From is the sender's address.
	From string
	// Roots check the server's certificate; nil are those of the system.
	Roots *x509.CertPool
	// TalkTimeout and ReplyTimeout replace the usual ones, if they are set.
	TalkTimeout, ReplyTimeout time.Duration
}

// Send is Server's. Each call has a connection of its own. If ctx ends before the message is
// complete, the connection is closed; afterwards, the reply has ten seconds left.
func (s *SMTP) Send(ctx context.Context, to string, message []byte) error {
	talk, reply := orElse(s.TalkTimeout, talkTimeout), orElse(s.ReplyTimeout, replyTimeout)
	within, cancel := context.WithTimeout(ctx, talk)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(within, "tcp", s.Address)
	if err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	conn := &boundedConn{Conn: raw}
	conn.bound(time.Now().Add(talk))
	defer raw.Close()
	var complete atomic.Bool
	defer context.AfterFunc(ctx, func() {
		if complete.Load() {
			conn.bound(time.Now().Add(stopTimeout))
			return
		}
		_ = raw.Close()
	})()
	c, err := s.open(conn)
	if err != nil {
		return err
	}
	defer c.Close()
	data, err := s.begin(c, to)
	if err != nil {
		return err
	}
	if _, err := data.Write(message); err != nil {
		return fmt.Errorf("send the message: %w", err)
	}
	conn.bound(time.Now().Add(reply))
	complete.Store(true)
	c.SubmissionTimeout = reply
	if err := data.Close(); err != nil {
		return afterEnd(err)
	}
	_ = c.Quit() // The mail is accepted, whatever the server says to that.
	return nil
}

// afterEnd tells a refusal of the whole message from a connection that broke.
func afterEnd(err error) error {
	var reply *smtp.SMTPError
	if errors.As(err, &reply) {
		return refusal("DATA", err)
	}
	return fmt.Errorf("%w: %w", ErrUnknown, err)
}

// open reads the greeting, turns to TLS and authenticates. None of its errors is a Refusal:
// they are about the service, not about the mail, and somebody may mend them meanwhile.
func (s *SMTP) open(conn net.Conn) (c *smtp.Client, err error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{ServerName: host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	switch s.Security {
	case ImplicitTLS:
		c = smtp.NewClient(tls.Client(conn, config))
	case StartTLS:
		if c, err = smtp.NewClientStartTLS(conn, config); err != nil {
			return nil, withoutText("STARTTLS", err)
		}
	case Insecure:
		c = smtp.NewClient(conn)
	}
	if err := c.Hello(domainOf(s.From)); err != nil {
		return nil, withoutText("EHLO", err)
	}
	if s.User == "" {
		return c, nil
	}
	if err := s.authenticate(c); err != nil {
		return nil, withoutText("AUTH", err)
	}
	return c, nil
}

func (s *SMTP) authenticate(c *smtp.Client) error {
	_, offered := c.Extension("AUTH")
	switch mechanisms := strings.Fields(offered); {
	case slices.Contains(mechanisms, sasl.Plain):
		return c.Auth(sasl.NewPlainClient("", s.User, s.Password))
	case slices.Contains(mechanisms, sasl.Login):
		return c.Auth(sasl.NewLoginClient(s.User, s.Password))
	}
	return errors.New("the server offers neither PLAIN nor LOGIN")
}

// begin names sender and recipient, and begins the message.
func (s *SMTP) begin(c *smtp.Client, to string) (*smtp.DataCommand, error) {
	if err := c.Mail(s.From, nil); err != nil {
		return nil, refusal("MAIL", err)
	}
	if err := c.Rcpt(to, nil); err != nil {
		return nil, refusal("RCPT", err)
	}
	data, err := c.Data()
	if err != nil {
		return nil, refusal("DATA", err)
	}
	return data, nil
}

// refusal makes a Refusal of a 5xx reply, except of those that ask for authentication.
func refusal(command string, err error) error {
	stripped := withoutText(command, err)
	var reply *smtp.SMTPError
	if errors.As(err, &reply) && reply.Code >= 500 && !slices.Contains([]int{530, 534, 535, 538}, reply.Code) {
		return &Refusal{Reply: stripped.Error()}
	}
	return stripped
}

// withoutText leaves out the text of a reply, in which servers repeat addresses.
func withoutText(command string, err error) error {
	var reply *smtp.SMTPError
	if !errors.As(err, &reply) {
		return fmt.Errorf("%s: %w", command, err)
	}
	if e := reply.EnhancedCode; e[0] > 0 {
		return fmt.Errorf("%s: %d %d.%d.%d", command, reply.Code, e[0], e[1], e[2])
	}
	return fmt.Errorf("%s: %d", command, reply.Code)
}

// boundedConn is a connection whose deadlines are never later than a bound: the client of
// go-smtp clears them between commands, also while it writes a message.
type boundedConn struct {
	net.Conn
	latest atomic.Int64 // Unix nanoseconds
}

func (c *boundedConn) bound(latest time.Time) {
	c.latest.Store(latest.UnixNano())
	_ = c.Conn.SetDeadline(latest)
}

// SetDeadline is net.Conn's.
func (c *boundedConn) SetDeadline(t time.Time) error {
	if latest := time.Unix(0, c.latest.Load()); t.IsZero() || t.After(latest) {
		t = latest
	}
	return c.Conn.SetDeadline(t)
}

func orElse(d, usual time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return usual
}
