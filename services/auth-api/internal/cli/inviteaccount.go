package cli

import (
	"context"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
)

// inviteAccountCommand mails somebody a code with which they make an account.
func inviteAccountCommand() *cobra.Command {
	var language string
	command := &cobra.Command{Use: "invite EMAIL", Short: "Invite somebody to make an account, by a mail with a code", Args: cobra.ExactArgs(1)}
	command.Flags().StringVar(&language, "language", "", "language of the mail, such as de; English without")
	command.RunE = withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
		return done(a.Accounts.Invite(ctx, args[0], language), "The invitation is queued: auth-api mail list says if it cannot be sent.")
	})
	return command
}
