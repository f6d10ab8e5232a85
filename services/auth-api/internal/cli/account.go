package cli

import (
	"context"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/app"
)

func accountCommand() *cobra.Command {
	command := &cobra.Command{Use: "account", Short: "Create, invite, import, verify, disable, enable or unlock an account, or take its second factor away"}
	command.AddCommand(createAccountCommand(), inviteAccountCommand(), importAccountsCommand(),
		&cobra.Command{Use: "verify EMAIL", Short: "Mark an account's address as proved to be the person's", Args: cobra.ExactArgs(1),
			RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
				return done(a.Accounts.VerifyEmail(ctx, args[0]), "The account's address is verified.")
			})},
		statusCommand("disable", account.Disabled, "Forbid an account to sign in, and end its sessions"),
		statusCommand("enable", account.Active, "Let a disabled account sign in again"),
		&cobra.Command{Use: "remove-factors EMAIL", Short: "Let somebody sign in with the password alone who has lost the authenticator app and the recovery codes; ends their sessions", Args: cobra.ExactArgs(1),
			RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
				return done(a.Factors.RemoveByOperator(ctx, args[0]), "The account signs in with its password alone. Its sessions have ended.")
			})},
		&cobra.Command{Use: "unlock EMAIL", Short: "Take the password from new devices again, after a hundred wrong ones in a row", Args: cobra.ExactArgs(1),
			RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
				return done(a.Accounts.Unlock(ctx, args[0]), "The account takes its password from any device.")
			})})
	return command
}

func statusCommand(name string, status account.Status, short string) *cobra.Command {
	return &cobra.Command{Use: name + " EMAIL", Short: short, Args: cobra.ExactArgs(1),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			return done(a.Accounts.SetStatus(ctx, args[0], status), "The account is now %s.", status)
		})}
}
