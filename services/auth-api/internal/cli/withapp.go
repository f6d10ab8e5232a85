package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// withApp makes a command that needs both stores, and prints its result.
func withApp(work func(ctx context.Context, a *app.App, args []string) (said string, err error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		settings, err := config.Load(withoutCache)
		if err != nil {
			return err
		}
		a, err := app.New(cmd.Context(), settings, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer a.Close()
		said, err := work(AsOperator(cmd.Context()), a, args)
		return report(cmd, said, err)
	}
}

// withoutCache turns off the cache of verified tokens, so that the command opens no
// connections to track changes in Redis.
func withoutCache(c *config.Config) { c.VerifyStrict.On = true }

// withPostgres makes a command that needs Postgres only, and prints its result.
func withPostgres(work func(ctx context.Context, db *postgres.DB) (said string, err error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		settings, err := config.LoadAuthDB()
		if err != nil {
			return err
		}
		db, err := app.OpenPostgres(cmd.Context(), settings, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer db.Close()
		said, err := work(cmd.Context(), db)
		return report(cmd, said, err)
	}
}

// report prints the result of a command, even if there is an error: it may hold a secret
// that is never shown again.
func report(cmd *cobra.Command, said string, err error) error {
	if said != "" {
		if _, failed := fmt.Fprintln(cmd.OutOrStdout(), said); failed != nil {
			return failed
		}
	}
	return explain(err)
}

// explain puts a fault's detail, which says what to do, before its cause.
func explain(err error) error {
	if f := (*fault.Error)(nil); errors.As(err, &f) && f.Unwrap() != nil {
		return fmt.Errorf("%s (%w)", f.Detail, err)
	}
	return err
}

// done describes what was done, unless there is an error.
func done(err error, format string, args ...any) (string, error) {
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(format, args...), nil
}
