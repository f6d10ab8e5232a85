package cli

import (
	"context"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
)

const laterHint = "Tokens that had it before have it again; others have it from the next sign-in on."

func roleCommand() *cobra.Command {
	command := &cobra.Command{Use: "role", Short: "Bundle scopes of an API, and grant them to accounts"}
	var scopes []string
	create := &cobra.Command{Use: "create AUDIENCE ROLE --scope SCOPE...", Short: "Make a role", Args: cobra.ExactArgs(2),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			err := a.Resources.CreateRole(ctx, args[0], args[1], scopes)
			return okay(err, "The role %s of %s has %q.", args[1], args[0], scopes)
		})}
	set := &cobra.Command{Use: "set AUDIENCE ROLE --scope SCOPE...", Short: "Change the scopes of a role; what is left out ends in live tokens", Args: cobra.ExactArgs(2),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			err := a.Resources.SetRole(ctx, args[0], args[1], scopes)
			return okay(err, "The role %s of %s has %q. Tokens that had a scope of it before have it again; what is new comes with the next sign-in.", args[1], args[0], scopes)
		})}
	for _, c := range []*cobra.Command{create, set} {
		scopesFlag(c, &scopes, "a scope of the role, one that the API offers")
		command.AddCommand(c)
	}
	command.AddCommand(
		&cobra.Command{Use: "grant EMAIL AUDIENCE ROLE", Short: "Give a role to an account", Args: cobra.ExactArgs(3),
			RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
				err := a.Resources.Assign(ctx, args[0], args[1], args[2])
				return okay(err, "The account is %s of %s. %s", args[2], args[1], laterHint)
			})},
		&cobra.Command{Use: "revoke EMAIL AUDIENCE ROLE", Short: "Take a role from an account, and from its live tokens", Args: cobra.ExactArgs(3),
			RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
				err := a.Resources.Unassign(ctx, args[0], args[1], args[2])
				return okay(err, "The account is not %s of %s any more.", args[2], args[1])
			})},
	)
	return command
}
