package devtest_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func dial(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	options.MaxRetries = -1
	options.ReadTimeout, options.DialTimeout = 200*time.Millisecond, 200*time.Millisecond
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestEveryTestHasItsOwnPostgres(t *testing.T) {
	t.Parallel()
	prepared := 0
	for range 2 {
		t.Run("copy", func(t *testing.T) {
			c := connect(t, devtest.PostgresFrom(t, "books", func(url string) error { return prepare(url, &prepared) }))
			if _, err := c.Exec(t.Context(), "INSERT INTO books VALUES ('Emma')"); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := c.QueryRow(t.Context(), "SELECT count(*) FROM books").Scan(&n); err != nil || n != 1 {
				t.Errorf("%d books, %v; want 1: another test's are here", n, err)
			}
		})
	}
	if prepared != 1 {
		t.Errorf("prepared %d times, want once", prepared)
	}
}

func prepare(url string, count *int) error {
	*count++
	c, err := pgx.Connect(context.Background(), url)
	if err != nil {
		return err
	}
	_, err = c.Exec(context.Background(), "CREATE TABLE books (title text)")
	return errors.Join(err, c.Close(context.Background()))
}

func TestEveryTestHasItsOwnRedis(t *testing.T) {
	t.Parallel()
	one, two := dial(t, devtest.Redis(t)), dial(t, devtest.Redis(t))
	if err := one.Set(t.Context(), "title", "Emma", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := two.Get(t.Context(), "title").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("the other database: %v, want nothing there", err)
	}
}

func TestProxyBreaksAndRestores(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	c := dial(t, proxy.URL)
	for _, step := range []struct {
		name  string
		do    func()
		works bool
	}{
		{"at first", func() {}, true},
		{"cut", proxy.Cut, false},
		{"restored", proxy.Restore, true},
		{"stalled", proxy.Stall, false},
		{"restored again", proxy.Restore, true},
	} {
		step.do()
		err := c.Ping(t.Context()).Err()
		// A connection of the pool that broke is noticed at its next use.
		for range 20 {
			if (err == nil) == step.works {
				break
			}
			err = c.Ping(t.Context()).Err()
		}
		if (err == nil) != step.works {
			t.Errorf("%s: %v, works should be %v", step.name, err, step.works)
		}
	}
}

func TestProcessesCrashAndComeBackWithTheirData(t *testing.T) {
	t.Parallel()
	p := devtest.RedisProcess(t)
	c := dial(t, p.URL)
	if err := c.Set(t.Context(), "title", "Emma", 0).Err(); err != nil {
		t.Fatal(err)
	}
	p.Freeze()
	if err := c.Ping(t.Context()).Err(); err == nil {
		t.Error("a frozen Redis answers")
	}
	p.Thaw()
	p.Kill()
	if err := c.Ping(t.Context()).Err(); err == nil {
		t.Error("a killed Redis answers")
	}
	p.Start()
	var title string
	for range 50 {
		if title = c.Get(t.Context(), "title").Val(); title != "" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if title != "Emma" {
		t.Errorf("after the crash: %q, want Emma", title)
	}
}
