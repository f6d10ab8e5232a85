package mail_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/mail"
)

func refuses(code int, enhanced smtp.EnhancedCode) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: "not to " + ada}
}

func TestMailArrivesOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		offers   offers
		security mail.Security
	}{
		"STARTTLS":     {startTLS, mail.StartTLS},
		"implicit TLS": {implicitTLS, mail.ImplicitTLS},
		"no TLS":       {nothing, mail.Insecure},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, server := newWorld(t), newMailServer(t, c.offers)
			client := server.client(c.security)
			if c.security != mail.Insecure {
				client.User, client.Password = "books", "secret"
			}
			o := w.replica(client)
			w.run(o)
			m := notice()
			w.queue(o, m)
			r := w.settles(m.ID, mail.Sent)
			if r.recipient != "" || r.data != "{}" || r.tries != 1 || !r.handedOver || r.account != m.Account {
				t.Errorf("the row is %+v, want one without recipient and data", r)
			}
			got := server.got()
			if len(got) != 1 || got[0].to != ada || got[0].from != "auth@books.test" || got[0].tls != (c.security != mail.Insecure) {
				t.Fatalf("the server got %+v", got)
			}
			if !strings.Contains(string(got[0].message), "Message-ID: <"+m.ID.String()+"@books.test>\r\n") {
				t.Errorf("the message has another id: %s", got[0].message)
			}
			if c.security != mail.Insecure && !slices.Equal(server.users, []string{"books"}) {
				t.Errorf("the server knows the users %q", server.users)
			}
		})
	}
}

func TestGreylistedMailIsSentLater(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), newMailServer(t, startTLS)
	server.onRcpt = func(n int) error {
		if n < 3 {
			return refuses(450, smtp.EnhancedCode{4, 7, 1})
		}
		return nil
	}
	o := w.replica(server.client(mail.StartTLS))
	w.run(o)
	m := notice()
	w.queue(o, m)
	for n, pause := range []time.Duration{10 * time.Second, 20 * time.Second} {
		devtest.Eventually(t, "the attempt is over", func() bool { r := w.row(m.ID); return r.tries == n+1 && r.state == "waiting" })
		if r := w.row(m.ID); r.problem != "RCPT: 450 4.7.1" || r.recipient != ada {
			t.Errorf("the row is %+v", r)
		}
		w.ahead.Add(int64(pause - 3*time.Second))
		o.Wake()
		w.ahead.Add(int64(3 * time.Second))
		o.Wake()
	}
	if r := w.settles(m.ID, mail.Sent); r.tries != 3 {
		t.Errorf("%d attempts, want 3", r.tries)
	}
	if n := len(server.got()); n != 1 {
		t.Errorf("%d mails arrived", n)
	}
}

func TestRefusedMailIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rcpt func(int) error
		data func(int, *mailSession, func() []byte) error
		want string
	}{
		"recipient": {rcpt: func(int) error { return refuses(550, smtp.EnhancedCode{5, 1, 1}) }, want: "RCPT: 550 5.1.1"},
		"message": {data: func(_ int, _ *mailSession, read func() []byte) error {
			read()
			return refuses(554, smtp.EnhancedCode{5, 7, 1})
		}, want: "DATA: 554 5.7.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, server := newWorld(t), newMailServer(t, startTLS)
			server.onRcpt, server.onData = c.rcpt, c.data
			o := w.replica(server.client(mail.StartTLS))
			w.run(o)
			m := notice()
			w.queue(o, m)
			r := w.settles(m.ID, mail.Failed)
			if r.problem != c.want || r.data != "{}" || r.handedOver {
				t.Errorf("the row is %+v, want the problem %q", r, c.want)
			}
			devtest.Eventually(t, "it is logged", func() bool { return strings.Contains(w.log.String(), c.want) })
			if strings.Contains(w.log.String(), ada) {
				t.Errorf("the log holds the address: %s", w.log)
			}
			second := notice()
			w.ahead.Add(int64(time.Hour))
			w.queue(o, second)
			w.settles(second.ID, mail.Failed)
			if n := server.tried(); n != 2 {
				t.Errorf("%d attempts for two mails", n)
			}
		})
	}
}

// A connection that breaks after the end of the message leaves open whether it arrives.
func TestMailWithoutReplyIsUnknownAndNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data  func(n int, s *mailSession, read func() []byte) error
		reply time.Duration
	}{
		"the server dies": {data: func(_ int, s *mailSession, read func() []byte) error {
			read()
			return s.conn.Conn().Close()
		}},
		"the server hangs": {data: func(_ int, s *mailSession, read func() []byte) error {
			read()
			_, _ = s.conn.Conn().Read(make([]byte, 1)) // until the client gives up
			return s.conn.Conn().Close()
		}, reply: 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, server := newWorld(t), newMailServer(t, startTLS)
			server.onData = c.data
			client := server.client(mail.StartTLS)
			if c.reply > 0 {
				client.ReplyTimeout = c.reply
			}
			o := w.replica(client)
			w.run(o)
			m := notice()
			w.queue(o, m)
			if r := w.settles(m.ID, mail.Unknown); r.handedOver || r.data != "{}" {
				t.Errorf("the row is %+v", r)
			}
			devtest.Eventually(t, "it is logged", func() bool { return strings.Contains(w.log.String(), "unknown") })
			w.ahead.Add(int64(23 * time.Hour))
			second := notice()
			w.queue(o, second)
			w.settles(second.ID, mail.Unknown)
			if n := server.tried(); n != 2 {
				t.Errorf("%d attempts for two mails", n)
			}
		})
	}
}

// The server cannot have accepted what it has not got as a whole.
func TestMessageThatBrokeInTheMiddleMayBeSentAgain(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, startTLS)
	server.onData = func(_ int, s *mailSession, _ func() []byte) error { return s.conn.Conn().Close() }
	large := []byte("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 500_000))
	err := server.client(mail.StartTLS).Send(t.Context(), ada, large)
	if err == nil || strings.Contains(err.Error(), mail.ErrUnknown.Error()) {
		t.Errorf("got %v, want an error after which it may be sent again", err)
	}
}

func TestMailWaitsForServerThatIsAway(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	away, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = away.Close()
	for name, client := range map[string]func(t *testing.T) *mail.SMTP{
		"hangs before its greeting": func(*testing.T) *mail.SMTP {
			return &mail.SMTP{Address: silent.Addr().String(), Security: mail.StartTLS, From: "auth@books.test", TalkTimeout: 300 * time.Millisecond}
		},
		"refuses connections": func(*testing.T) *mail.SMTP {
			return &mail.SMTP{Address: away.Addr().String(), Security: mail.StartTLS, From: "auth@books.test"}
		},
		"offers no STARTTLS": func(t *testing.T) *mail.SMTP { return newMailServer(t, nothing).client(mail.StartTLS) },
		"has another certificate": func(t *testing.T) *mail.SMTP {
			c := newMailServer(t, startTLS).client(mail.StartTLS)
			_, c.Roots = certificateFor(t, "127.0.0.1")
			return c
		},
		"has the certificate of another name": func(t *testing.T) *mail.SMTP {
			c := newMailServer(t, implicitTLS).client(mail.ImplicitTLS)
			c.Address = strings.Replace(c.Address, "127.0.0.1", "localhost", 1)
			return c
		},
		"refuses the password": func(t *testing.T) *mail.SMTP {
			c := newMailServer(t, startTLS).client(mail.StartTLS)
			c.User, c.Password = "books", "wrong"
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			o := w.replica(client(t))
			w.run(o)
			m := notice()
			w.queue(o, m)
			devtest.Eventually(t, "the attempt is over", func() bool { return w.row(m.ID).problem != "" })
			if r := w.row(m.ID); r.state != "waiting" || r.recipient != ada || r.tries != 1 {
				t.Errorf("the row is %+v, want a mail that waits", r)
			}
			// After a day nobody waits for it any more.
			w.ahead.Add(int64(24 * time.Hour))
			o.Wake()
			w.settles(m.ID, mail.Failed)
		})
	}
}

func TestStopLosesNothing(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), newMailServer(t, startTLS)
	begun, release := make(chan struct{}), make(chan struct{})
	server.onRcpt = func(n int) error {
		if n == 1 {
			close(begun)
			<-release
		}
		return nil
	}
	first, second := w.replica(server.client(mail.StartTLS)), w.replica(server.client(mail.StartTLS))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		first.Run(ctx)
	}()
	m := notice()
	w.queue(first, m)
	<-begun
	cancel()
	<-done
	close(release)
	if r := w.row(m.ID); r.state != "waiting" {
		t.Fatalf("the row is %+v, want a mail that waits", r)
	}
	w.ahead.Add(int64(time.Minute))
	w.run(second)
	w.settles(m.ID, mail.Sent)
	if n := len(server.got()); n != 1 {
		t.Errorf("%d mails arrived", n)
	}
}
