package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/internal/runlock"
	"auth.books.test/internal/setting"
	"auth.books.test/internal/wholefile"
	"auth.books.test/schema"
	"auth.books.test/services/auth-api/internal/app"
	"auth.books.test/services/auth-api/internal/cli"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/verify/token"
)

func devCommand() *cobra.Command {
	var dir string
	command := &cobra.Command{Use: "dev", Short: "Serve for development, with stores of its own", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return dev(cmd.Context(), dir, cmd.OutOrStdout(), cmd.ErrOrStderr())
		}}
	command.Flags().StringVar(&dir, "dir", ".dev", "where data and keys are kept")
	return command
}

// dev starts the stores, brings the schema up to date, seeds the sample and
// serves until ctx ends.
func dev(ctx context.Context, dir string, stdout, stderr io.Writer) (err error) {
	began := time.Now()
	lock, err := runlock.Acquire(dir)
	if err != nil {
		return err
	}
	defer lock.Release()
	if err := wholefile.RemoveTemporary(dir); err != nil {
		return err
	}
	var key string
	if !tokenKeyIsGiven() {
		if key, err = tokenKey(filepath.Join(dir, "token.key")); err != nil {
			return err
		}
	}
	// Without stores yet: what is wrong with the settings is said before
	// anything is started.
	const noPostgres, noRedis = "postgres://to@be/started", "redis://to.be.started"
	c, err := config.Load(forDevelopment(key, noPostgres, noRedis))
	if err != nil {
		return err
	}
	l, err := app.Listen("AUTH_API_ADDR", string(c.Addr))
	if err != nil {
		return err
	}
	defer l.Close()

	s, err := startStores(ctx, dir, given(c.AuthDBURL, noPostgres), given(c.SessionDBURL, noRedis), stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	ctx, stop := s.endRunWithThem(ctx, lock, stderr)
	defer stop()
	defer func() { err = errors.Join(whyEnded(ctx), err) }()
	if c, err = config.Load(forDevelopment(key, s.postgres.URL, s.redis.URL)); err != nil {
		return err
	}
	if c.Issuer.URL == "" {
		c.Issuer.URL = "http://" + l.Addr().String()
	}
	if _, err := schema.Current().Apply(ctx, c.PostgresURL(), schema.Options{}); err != nil {
		return cli.ExplainSchema(err)
	}
	books, err := seed(ctx, c, filepath.Join(dir, "books.client"))
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.LogLevel.Level}))
	return app.Serve(ctx, c, l, log, version, func(metrics net.Addr) {
		welcome{
			url: "http://" + l.Addr().String(), metrics: "http://" + metrics.String() + "/metrics", dir: dir,
			postgres: s.postgres, redis: s.redis, books: books, took: time.Since(began),
		}.print(stdout)
	})
}

// forDevelopment sets what the environment does not.
func forDevelopment(key, authDB, sessionDB string) func(*config.Config) {
	isSet := func(variable string) bool { _, set := os.LookupEnv(variable); return set }
	return func(c *config.Config) {
		if !c.AuthDBURL.IsSet() {
			c.AuthDBURL = setting.NewSecret(authDB)
		}
		if !c.SessionDBURL.IsSet() {
			c.SessionDBURL = setting.NewSecret(sessionDB)
		}
		if !c.TokenKey.IsSet() {
			c.TokenKey = setting.NewSecret(key)
		}
		if !isSet("AUTH_API_METRICS_ADDR") {
			c.MetricsAddr = "127.0.0.1:0"
		}
		if !isSet("AUTH_API_PASSWORD_GRANT") {
			c.PasswordGrant.On = true
		}
		if !isSet("AUTH_API_SHUTDOWN_DELAY") {
			c.ShutdownDelay.Duration = 0
		}
	}
}

// given is the URL of a store that the environment names, or "" if it is the
// placeholder: the store is then to be started.
func given(url setting.Secret, placeholder string) string {
	if url.Reveal() == placeholder {
		return ""
	}
	return url.Reveal()
}

func tokenKeyIsGiven() bool {
	return os.Getenv("SESSION_DB_TOKEN_KEY") != "" || os.Getenv("SESSION_DB_TOKEN_KEY_FILE") != ""
}

// tokenKey keeps the key that hashes tokens, so that they outlive a restart.
func tokenKey(file string) (string, error) {
	b, err := wholefile.ReadOrCreate(file, 0o600, func() []byte {
		secret := make([]byte, 32)
		_, _ = rand.Read(secret) // never fails
		return []byte("d1:" + base64.StdEncoding.EncodeToString(secret) + ":" + token.Keyed)
	})
	if err != nil {
		return "", fmt.Errorf("keep the token key: %w", err)
	}
	key := strings.TrimSpace(string(b))
	if _, err := token.ParseKeyRing(key); err != nil {
		return "", fmt.Errorf("%s holds no token key (%w). Put back what was in it; or remove it, and the next start makes a new key, with which all sign-ins have ended: rm %[1]s", file, err)
	}
	return key, nil
}
