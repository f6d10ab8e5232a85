package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"auth.books.test/internal/devstack"
	"auth.books.test/internal/runlock"
)

// stores are Postgres and Redis for dev.
type stores struct{ postgres, redis *devstack.Store }

// startStores uses the stores whose URLs are given, and starts the others. It writes to
// progress what takes long the first time.
func startStores(ctx context.Context, dir, authDB, sessionDB string, progress io.Writer) (stores, error) {
	postgres, err := devstack.StartPostgres(ctx, devstack.Options{
		URL: authDB, Dir: dir, Repository: os.Getenv("DEVSTACK_POSTGRES_REPOSITORY"), Progress: progress,
	})
	if err != nil {
		return stores{}, err
	}
	redis, err := devstack.StartRedis(ctx, devstack.Options{URL: sessionDB, Dir: dir, Progress: progress})
	if err != nil {
		return stores{}, errors.Join(err, postgres.Stop())
	}
	return stores{postgres: postgres, redis: redis}, nil
}

func (s stores) stop() error { return errors.Join(s.redis.Stop(), s.postgres.Stop()) }

// endedEarly is why a run ended although nobody stopped it.
type endedEarly struct{ what, do string }

func (e endedEarly) Error() string { return e.what + ": this run has ended. " + e.do }

// watch returns a context that ends when a started store ends, or when the folder is
// removed, since all requests would fail from then on. The reason is printed at once;
// whyEnded returns it.
func (s stores) watch(ctx context.Context, lock *runlock.Lock, stderr io.Writer) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	lost := lock.Lost(ctx.Done())
	go func() {
		var why endedEarly
		var detail string
		select {
		case <-ctx.Done():
			return
		case <-s.postgres.Ended():
			why, detail = storeEnded("auth-db (Postgres)"), s.postgres.Process.Err().Error()
		case <-s.redis.Ended():
			why, detail = storeEnded("session-db (Redis)"), s.redis.Process.Err().Error()
		case <-lost:
			why = endedEarly{"the folder that holds the data of this run was removed", "Start it again: it begins with an empty database. `make clean` removes the folder when nothing runs."}
		}
		fmt.Fprintf(stderr, "\n*** %s: stopping everything\n%s\n\n", why.what, detail)
		cancel(why)
	}()
	return ctx, func() { cancel(nil) }
}

func storeEnded(name string) endedEarly {
	return endedEarly{name + " ended", "What it printed last stands above. Its data is kept: start the run again."}
}

// whyEnded is nil unless the run ended early.
func whyEnded(ctx context.Context) error {
	var why endedEarly
	if errors.As(context.Cause(ctx), &why) {
		return why
	}
	return nil
}
