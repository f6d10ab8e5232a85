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

// withApp runs a command that needs the stores, and prints what it says.
func withApp(work func(ctx context.Context, a *app.App, args []string) (said string, err error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		settings, err := config.Load(verifyNothing)
		if err != nil {
			return err
		}
		a, err := app.New(cmd.Context(), settings, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer a.Close()
		said, err := work(cmd.Context(), a, args)
		return report(cmd, said, err)
	}
}

// verifyNothing keeps no tokens in memory, so that the command does not follow their
// changes in Redis.
func verifyNothing(c *config.Config) { c.VerifyStrict.On = true }

// withPostgres runs a command that needs no other store, and prints what it says.
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

// report prints what a command says, also with an error: it may be all that will ever be
// told of a secret.
func report(cmd *cobra.Command, said string, err error) error {
	if said != "" {
		if _, failed := fmt.Fprintln(cmd.OutOrStdout(), said); failed != nil {
			return failed
		}
	}
	return explained(err)
}

// explained says what a failure means for what was asked for, before its cause.
func explained(err error) error {
	if f := (*fault.Error)(nil); errors.As(err, &f) && f.Unwrap() != nil {
		return fmt.Errorf("%s (%w)", f.Detail, err)
	}
	return err
}

// okay says what was done, if it was.
func okay(err error, format string, args ...any) (string, error) {
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(format, args...), nil
}
