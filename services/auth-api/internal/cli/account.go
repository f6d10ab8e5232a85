package cli

import (
	"context"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/app"
)

func accountCommand() *cobra.Command {
	command := &cobra.Command{Use: "account", Short: "Disable or enable an account"}
	for name, c := range map[string]struct {
		status account.Status
		short  string
	}{
		"disable": {account.Disabled, "Forbid an account to sign in, and end its sessions"},
		"enable":  {account.Active, "Let a disabled account sign in again"},
	} {
		command.AddCommand(&cobra.Command{Use: name + " EMAIL", Short: c.short, Args: cobra.ExactArgs(1),
			RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
				return done(a.Accounts.SetStatus(ctx, args[0], c.status), "The account is now %s.", c.status)
			})})
	}
	return command
}
