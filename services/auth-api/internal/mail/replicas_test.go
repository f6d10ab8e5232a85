package mail_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/mail"
)

func TestReplicasSendEachMailOnce(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), newMailServer(t, nothing)
	replicas := []*mail.Outbox{w.replica(server.client(mail.Insecure)), w.replica(server.client(mail.Insecure)), w.replica(server.client(mail.Insecure))}
	mails := make([]mail.Mail, 60)
	for n := range mails {
		mails[n] = notice()
	}
	w.queue(replicas[0], mails...)
	for _, o := range replicas {
		w.run(o)
	}
	for _, m := range mails {
		w.settles(m.ID, mail.Sent)
	}
	got := server.got()
	if len(got) != len(mails) {
		t.Errorf("%d mails arrived, want %d", len(got), len(mails))
	}
	for _, m := range mails {
		count := 0
		for _, g := range got {
			if strings.Contains(string(g.message), m.ID.String()+"@") {
				count++
			}
		}
		if count != 1 {
			t.Errorf("a mail arrived %d times", count)
		}
	}
}

// stuck is a server that never answers, so that a replica can die meanwhile.
type stuck struct{ begun chan struct{} }

func (s stuck) Send(context.Context, string, []byte) error {
	close(s.begun)
	select {}
}

func TestMailOfDeadReplicaIsUnknown(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), newMailServer(t, nothing)
	s := stuck{make(chan struct{})}
	dead := w.replica(s)
	ctx, kill := context.WithCancel(t.Context())
	go dead.Run(ctx) // Its attempt never ends.
	m := notice()
	w.queue(dead, m)
	<-s.begun
	kill()
	if r := w.row(m.ID); r.state != "sending" {
		t.Fatalf("the row is %+v while it is being sent", r)
	}
	other := w.replica(server.client(mail.Insecure))
	w.run(other)
	second := notice()
	w.queue(other, second)
	w.settles(second.ID, mail.Sent)
	if r := w.row(m.ID); r.state != "sending" {
		t.Fatalf("the row is %+v before the replica counts as dead", r)
	}
	w.ahead.Add(int64(11 * time.Minute))
	other.Wake()
	w.settles(m.ID, mail.Unknown)
	if n := len(server.got()); n != 1 {
		t.Errorf("%d mails arrived, want the second one", n)
	}
	if !strings.Contains(w.log.String(), "a replica died") {
		t.Error("it is not logged")
	}
}

// prepares is a Preparer of a test.
type prepares struct {
	fails, drops bool
	owner        uuid.UUID
	handedOver   chan mail.Mail
}

func (p *prepares) Prepare(_ context.Context, _ pgx.Tx, m mail.Mail) (mail.Mail, bool, error) {
	if p.fails {
		return m, true, errors.New("not now")
	}
	m.To, m.Account, m.Data = "stored@books.test", p.owner, maps.Clone(m.Data)
	m.Data["code"], m.Data["url"] = "ABCD-EFGH", issuer+"/reset/1"
	return m, !p.drops, nil
}

func (p *prepares) HandedOver(_ context.Context, _ pgx.Tx, m mail.Mail, _ time.Time) error {
	p.handedOver <- m
	return nil
}

func TestPreparerDecides(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepares prepares
		want     mail.State
	}{
		"send":    {prepares{}, mail.Sent},
		"drop":    {prepares{drops: true}, mail.Dropped},
		"not now": {prepares{fails: true}, mail.Waiting},
		"give up": {prepares{fails: true}, mail.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, server := newWorld(t), newMailServer(t, nothing)
			p := c.prepares
			p.owner, p.handedOver = uuid.New(), make(chan mail.Mail, 1)
			w.preparers = map[mail.Kind]mail.Preparer{mail.ResetPassword: &p}
			o := w.replica(server.client(mail.Insecure))
			if c.want == mail.Failed {
				w.ahead.Add(-int64(25 * time.Hour))
			}
			m := mail.Mail{ID: uuid.New(), Kind: mail.ResetPassword, To: ada, Data: map[string]string{"request": "1"}}
			w.queue(o, m)
			w.ahead.Store(0)
			w.run(o)
			devtest.Eventually(t, "the attempt is over", func() bool { return w.row(m.ID).tries == 1 && w.row(m.ID).state != "sending" })
			r := w.row(m.ID)
			if r.state != string(c.want) || strings.Contains(r.data, "ABCD") {
				t.Errorf("the row is %+v, want %s and no code", r, c.want)
			}
			if c.want != mail.Sent {
				if n := len(server.got()); n != 0 || len(p.handedOver) != 0 {
					t.Errorf("%d mails arrived", n)
				}
				return
			}
			if got := server.got(); len(got) != 1 || got[0].to != "stored@books.test" || !strings.Contains(string(got[0].message), "ABCD-EFGH") {
				t.Errorf("the server got %+v", got)
			}
			if told := <-p.handedOver; told.Data["code"] != "ABCD-EFGH" || told.Account != p.owner {
				t.Errorf("the preparer is told of %+v", told)
			}
			if r.account != p.owner {
				t.Errorf("the row is of %s, want the owner", r.account)
			}
		})
	}
}

func TestOutboxForgets(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), newMailServer(t, nothing)
	o := w.replica(server.client(mail.Insecure))
	mine, other, old := notice(), notice(), notice()
	w.queue(o, mine, other, old)
	if err := w.db.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error { return o.Forget(ctx, tx, mine.Account) }); err != nil {
		t.Fatal(err)
	}
	w.sql(`UPDATE mails SET created_at = created_at - interval '31 days' WHERE id = $1`, old.ID)
	if n, err := o.SweepOnce(t.Context()); err != nil || n != 1 {
		t.Errorf("%d rows were swept, %v; want the old one", n, err)
	}
	left, err := o.List(t.Context(), 10, mail.States()...)
	if err != nil || len(left) != 1 || left[0].ID != other.ID || left[0].To != ada {
		t.Errorf("left are %+v, %v", left, err)
	}
	if n, err := o.Waiting(t.Context()); err != nil || n != 1 {
		t.Errorf("%d mails wait, %v", n, err)
	}
}

func TestWithoutServerNothingIsQueued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := mail.New(mail.Options{DB: w.db, Now: w.now})
	w.queue(o, notice())
	if all, err := o.List(t.Context(), 10, mail.States()...); err != nil || len(all) != 0 {
		t.Errorf("queued are %+v, %v", all, err)
	}
	o.Run(t.Context()) // It ends at once.
}
