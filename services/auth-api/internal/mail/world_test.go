package mail_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	stdmail "net/mail"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/services/auth-api/internal/postgres"
)

const (
	ada    = "ada@books.test"
	issuer = "https://auth.books.test"
)

// world is an outbox on a database of its own, a clock and a log.
type world struct {
	t         *testing.T
	db        *postgres.DB
	log       *devtest.Output
	ahead     atomic.Int64
	preparers map[mail.Kind]mail.Preparer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	pool, err := pgxpool.ParseConfig(schematest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, log: &devtest.Output{}}
	if w.db, err = postgres.Open(t.Context(), postgres.Options{Pool: pool, Timeout: 10 * time.Second, Now: time.Now, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.db.Close)
	return w
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func composer() *mail.Composer {
	return &mail.Composer{From: stdmail.Address{Name: "Books", Address: "auth@books.test"}, Service: "Books", Issuer: issuer}
}

// replica is one more outbox on the same database.
func (w *world) replica(server mail.Server) *mail.Outbox {
	return mail.New(mail.Options{
		DB: w.db, Enabled: true, Server: server, Composer: composer(), Preparers: w.preparers, Now: w.now, Random: rand.Reader, Log: slog.New(slog.NewTextHandler(w.log, nil)),
	})
}

// run runs a replica until the test ends. stop stops it earlier, and waits.
func (w *world) run(o *mail.Outbox) (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	w.t.Cleanup(stop)
	return stop
}

func (w *world) queue(o *mail.Outbox, mails ...mail.Mail) {
	w.t.Helper()
	err := w.db.Tx(w.t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		for _, m := range mails {
			if err := o.Queue(ctx, tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	o.Wake()
}

// row is what the table holds of a mail.
type row struct {
	state, recipient, data, problem string
	tries                           int
	handedOver                      bool
	account                         uuid.UUID
}

func (w *world) row(id uuid.UUID) (r row) {
	w.t.Helper()
	err := w.db.One(context.Background(), func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, `SELECT state, recipient, data::text, error, tries, handed_over_at IS NOT NULL, coalesce(account, '00000000-0000-0000-0000-000000000000') FROM mails WHERE id = $1`, id).Scan(
			&r.state, &r.recipient, &r.data, &r.problem, &r.tries, &r.handedOver, &r.account)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) sql(statement string, args ...any) {
	w.t.Helper()
	err := w.db.One(w.t.Context(), func(ctx context.Context, db postgres.Querier) error {
		_, err := db.Exec(ctx, statement, args...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// settles waits until a mail is in a state.
func (w *world) settles(id uuid.UUID, state mail.State) row {
	w.t.Helper()
	devtest.Eventually(w.t, "the mail is "+string(state), func() bool { return w.row(id).state == string(state) })
	return w.row(id)
}

func notice() mail.Mail {
	return mail.Mail{ID: uuid.New(), Kind: mail.PasswordChanged, To: ada, Account: uuid.New()}
}
