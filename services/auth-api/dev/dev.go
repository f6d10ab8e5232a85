package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/internal/runlock"
	"auth.books.test/internal/setting"
	"auth.books.test/internal/wholefile"
	"auth.books.test/services/auth-api/internal/app"
	"auth.books.test/services/auth-api/internal/config"
)

func devCommand() *cobra.Command {
	var dir string
	command := &cobra.Command{Use: "dev", Short: "Serve for development, with stores of its own", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return dev(cmd.Context(), dir, cmd.OutOrStdout(), cmd.ErrOrStderr())
		}}
	command.Flags().StringVar(&dir, "dir", ".dev", "the folder for data and keys")
	return command
}

// dev starts the stores, applies the schema, creates the sample and serves until ctx ends.
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
	made, err := developmentKeys(dir)
	if err != nil {
		return err
	}
	// Load the settings with placeholders for the stores first, so that faults are reported
	// before anything is started.
	const noPostgres, noRedis, noIssuer = "postgres://to@be/started", "redis://to.be.started", "http://127.0.0.1"
	c, err := config.Load(forDevelopment(made, noPostgres, noRedis, noIssuer))
	if err != nil {
		return err
	}
	l, err := app.Listen("AUTH_API_ADDR", string(c.Addr))
	if err != nil {
		return err
	}
	defer l.Close()
	issuer := "http://" + named(l.Addr())

	s, err := startStores(ctx, dir, given(c.AuthDBURL, noPostgres), given(c.SessionDBURL, noRedis), stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	ctx, stop := s.watch(ctx, lock, stderr)
	defer stop()
	defer func() { err = errors.Join(whyEnded(ctx), err) }()
	if c, err = config.Load(forDevelopment(made, s.postgres.URL, s.redis.URL, issuer)); err != nil {
		return err
	}
	serving, err := prepare(ctx, c, s.postgres)
	if err != nil {
		return err
	}
	box, err := startMailbox()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.stop()) }()
	if c, err = config.Load(forDevelopment(made, serving, s.redis.URL, issuer), box.set); err != nil {
		return err
	}
	sample, err := seed(ctx, c, dir)
	if err != nil {
		return err
	}
	if c.DocsClient == "" {
		c.SetDocsClient(sample.docs)
	}
	shelf, err := startShelf(c, sample.shelf)
	if err != nil {
		return err
	}
	defer shelf.stop()
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.LogLevel.Level}))
	return app.Serve(ctx, c, l, log, version, func(metrics net.Addr) {
		welcome{
			url: issuer, metrics: "http://" + metrics.String() + "/metrics", dir: dir,
			postgres: s.postgres, redis: s.redis, books: sample.books, shelf: shelf.url, mail: box.note(), took: time.Since(began),
		}.print(stdout)
	})
}

// named is an address as browsers should know it: they have no passkeys for 127.0.0.1, but for
// localhost.
func named(a net.Addr) string {
	tcp, is := a.(*net.TCPAddr)
	if !is || !tcp.IP.IsLoopback() {
		return a.String()
	}
	return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
}

// forDevelopment sets defaults for development, unless the environment has the setting.
func forDevelopment(made keys, authDB, sessionDB, issuer string) func(*config.Config) {
	isSet := func(variable string) bool { _, set := os.LookupEnv(variable); return set }
	return func(c *config.Config) {
		if !c.AuthDBURL.IsSet() {
			c.AuthDBURL = setting.NewSecret(authDB)
		}
		if !c.SessionDBURL.IsSet() {
			c.SessionDBURL = setting.NewSecret(sessionDB)
		}
		if !c.TokenKey.IsSet() {
			c.TokenKey = setting.NewSecret(made.token)
		}
		if !c.ServiceKey.IsSet() {
			c.ServiceKey = setting.NewSecret(made.service)
		}
		if !c.SigningKey.IsSet() {
			c.SigningKey = setting.NewSecret(made.signing)
		}
		if !isSet("AUTH_API_ISSUER") {
			c.Issuer.URL = issuer
		}
		if !isSet("AUTH_API_METRICS_ADDR") {
			c.MetricsAddr = "127.0.0.1:0"
		}
		if !isSet("AUTH_API_PASSWORD_GRANT") {
			c.PasswordGrant.On = true
		}
		if !isSet("AUTH_API_REGISTRATION") {
			c.OpenRegistration()
		}
		if !isSet("AUTH_API_SHUTDOWN_DELAY") {
			c.ShutdownDelay.Duration = 0
		}
	}
}

// given is the URL of a store from the environment. It is empty if the URL is the
// placeholder, which means that the store has to be started.
func given(url setting.Secret, placeholder string) string {
	if url.Reveal() == placeholder {
		return ""
	}
	return url.Reveal()
}
