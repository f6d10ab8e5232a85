package cli

import (
	"context"
	"crypto/rand"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
)

// createAccountCommand makes an account, whether registration is open or closed.
func createAccountCommand() *cobra.Command {
	var generate, fromStdin, verified bool
	command := &cobra.Command{Use: "create EMAIL", Short: "Create an account, also where registration is closed; the password is asked for", Args: cobra.ExactArgs(1)}
	command.Flags().BoolVar(&generate, "generate", false, "generate the password, and print it once")
	command.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input, without a prompt; a line ending at its end does not count")
	command.Flags().BoolVar(&verified, "verified", false, "mark the address as proved: you know that it is the person's")
	command.MarkFlagsMutuallyExclusive("generate", "password-stdin")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		password := rand.Text()
		if !generate {
			var err error
			if password, err = readPassword(cmd, fromStdin); err != nil {
				return err
			}
		}
		return withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			id, err := a.Accounts.Create(ctx, args[0], password, verified)
			said, err := done(err, "id       %s", id)
			if generate && err == nil {
				said += "\npassword " + password
			}
			return said, err
		})(cmd, args)
	}
	return command
}
