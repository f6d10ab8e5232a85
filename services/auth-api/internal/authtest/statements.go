package authtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Statements records what calls send to Postgres, as the Tracer of a World's stores, and
// compares the calls with what they have sent. A pgx.Tracer sees every statement before it
// is sent, so that what is replayed cannot differ from what the service does.
type Statements struct {
	mu    sync.Mutex // guards calls
	calls map[int][]roundTrip
}

// roundTrip is a statement, or some that were sent together.
type roundTrip []statement

type statement struct {
	sql  string
	args []any
}

// callNumber is the key of a call's number in its context. What is sent without it is not
// recorded.
type callNumber struct{}

func (s *Statements) record(ctx context.Context, sent roundTrip) {
	n, counts := ctx.Value(callNumber{}).(int)
	if !counts {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[int][]roundTrip{}
	}
	s.calls[n] = append(s.calls[n], sent)
}

// TraceQueryStart is pgx.QueryTracer.
func (s *Statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	s.record(ctx, roundTrip{{q.SQL, q.Args}})
	return ctx
}

// TraceQueryEnd is pgx.QueryTracer.
func (s *Statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart is pgx.BatchTracer.
func (s *Statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	var sent roundTrip
	for _, q := range b.Batch.QueuedQueries {
		sent = append(sent, statement{q.SQL, q.Arguments})
	}
	s.record(ctx, sent)
	return ctx
}

// TraceBatchQuery is pgx.BatchTracer.
func (s *Statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd is pgx.BatchTracer.
func (s *Statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// Compare makes the b.N calls, undoes what they have written, and then sends their
// statements to Postgres alone, in the same transactions and from as many connections. The
// metric ratio is the throughput of the calls in that of their statements.
func (w *World) Compare(b *testing.B, s *Statements, call func(ctx context.Context, n int) error, undo func()) {
	b.Helper()
	made := parallel(b.N, func(n int) {
		if err := call(context.WithValue(context.Background(), callNumber{}, n), n); err != nil {
			b.Error(err)
		}
	})
	if len(s.calls) != b.N {
		b.Fatalf("statements of %d calls were recorded, want %d", len(s.calls), b.N)
	}
	undo()
	config := must(pgxpool.ParseConfig(w.DB.Config().ConnString()))(b)
	config.MaxConns = maxConns
	alone := must(pgxpool.NewWithConfig(context.Background(), config))(b)
	b.Cleanup(alone.Close)
	replayed := parallel(b.N, func(n int) {
		if err := replay(context.Background(), alone, s.calls[n]); err != nil {
			b.Error(err)
		}
	})
	b.ReportMetric(0, "ns/op") // it counts the preparation
	b.ReportMetric(float64(b.N)/made.Seconds(), "calls/s")
	b.ReportMetric(float64(b.N)/replayed.Seconds(), "replays/s")
	b.ReportMetric(replayed.Seconds()/made.Seconds(), "ratio")
}

// parallel calls do with each number, from as many goroutines as there are connections.
func parallel(n int, do func(n int)) time.Duration {
	began := time.Now()
	var all sync.WaitGroup
	for worker := range maxConns {
		all.Go(func() {
			for i := worker; i < n; i += maxConns {
				do(i)
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// replay sends the statements of one call, those that begin and commit included, and reads
// what they return.
func replay(ctx context.Context, pool *pgxpool.Pool, trips []roundTrip) error {
	c, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("replay statements: %w", err)
	}
	defer c.Release()
	for _, trip := range trips {
		if err := trip.send(ctx, c); err != nil {
			return fmt.Errorf("replay %s: %w", trip[0].sql, err)
		}
	}
	return nil
}

func (t roundTrip) send(ctx context.Context, c *pgxpool.Conn) error {
	if len(t) > 1 {
		batch := &pgx.Batch{}
		for _, s := range t {
			batch.Queue(s.sql, s.args...)
		}
		return c.SendBatch(ctx, batch).Close()
	}
	if len(t[0].args) == 0 { // begin and commit
		_, err := c.Exec(ctx, t[0].sql)
		return err
	}
	rows, err := c.Query(ctx, t[0].sql, t[0].args...)
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return rows.Err()
}
