package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/internal/devstack"
	"auth.books.test/schema"
	"auth.books.test/services/auth-api/internal/config"
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
	key, err := tokenKey(filepath.Join(dir, "token.key"))
	if err != nil {
		return err
	}
	// Without stores yet: what is wrong with the settings is said before
	// anything is started.
	c, err := config.Load(forDevelopment(key, "postgres://to@be/started", "redis://to.be.started"))
	if err != nil {
		return err
	}
	l, err := listen("AUTH_API_ADDR", c.Addr)
	if err != nil {
		return err
	}
	defer l.Close()
	release, err := devstack.Lock(dir)
	if err != nil {
		return err
	}
	defer release()

	postgres, err := devstack.StartPostgres(ctx, devstack.Options{URL: os.Getenv("AUTH_DB_URL"), Dir: dir, Repository: os.Getenv("DEVSTACK_POSTGRES_REPOSITORY")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, postgres.Stop()) }()
	redis, err := devstack.StartRedis(ctx, devstack.Options{URL: os.Getenv("SESSION_DB_URL"), Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, redis.Stop()) }()
	if c, err = config.Load(forDevelopment(key, postgres.URL, redis.URL)); err != nil {
		return err
	}
	if c.Issuer.URL == "" {
		c.Issuer.URL = "http://" + l.Addr().String()
	}
	if _, err := schema.Current().Apply(ctx, c.PostgresURL(), schema.Options{}); err != nil {
		return withExplanation(err)
	}
	books, err := seed(ctx, c, filepath.Join(dir, "books.client"))
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.LogLevel.Level}))
	return serve(ctx, c, l, log, func(metrics net.Addr) {
		welcome{
			url: "http://" + l.Addr().String(), metrics: "http://" + metrics.String() + "/metrics", dir: dir,
			postgres: postgres, redis: redis, books: books, took: time.Since(began),
		}.print(stdout)
	})
}

// forDevelopment sets what the environment does not.
func forDevelopment(key, authDB, sessionDB string) func(*config.Config) {
	isSet := func(variable string) bool { _, set := os.LookupEnv(variable); return set }
	return func(c *config.Config) {
		c.AuthDBURL, c.SessionDBURL = config.NewSecret(authDB), config.NewSecret(sessionDB)
		if !c.TokenKey.IsSet() {
			c.TokenKey = config.NewSecret(key)
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

// tokenKey keeps the key that hashes tokens, so that they outlive a restart.
func tokenKey(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		return string(b), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the token key: %w", err)
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	key := "d1:" + base64.StdEncoding.EncodeToString(secret)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", fmt.Errorf("keep the token key: %w", err)
	}
	if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
		return "", fmt.Errorf("keep the token key: %w", err)
	}
	return key, nil
}
