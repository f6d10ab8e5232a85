package cli

import (
	"context"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
)

const laterHint = "Live tokens that had the role's scopes before have them again; other tokens get them at the next sign-in."

func roleCommand() *cobra.Command {
	command := &cobra.Command{Use: "role", Short: "Bundle scopes of an API, and assign them to accounts"}
	var scopes []string
	create := &cobra.Command{Use: "create AUDIENCE ROLE --scope SCOPE...", Short: "Create a role", Args: cobra.ExactArgs(2),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			err := a.Resources.CreateRole(ctx, args[0], args[1], scopes)
			return done(err, "The role %s of %s has %q.", args[1], args[0], scopes)
		})}
	set := &cobra.Command{Use: "set AUDIENCE ROLE --scope SCOPE...", Short: "Change the scopes of a role; scopes that are left out are removed from live tokens", Args: cobra.ExactArgs(2),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			err := a.Resources.SetRole(ctx, args[0], args[1], scopes)
			return done(err, "The role %s of %s has %q. %s", args[1], args[0], scopes, laterHint)
		})}
	for _, c := range []*cobra.Command{create, set} {
		scopesFlag(c, &scopes, "a scope of the role, one that the API offers")
		command.AddCommand(c)
	}
	var unverified bool
	grant := &cobra.Command{Use: "grant ID AUDIENCE ROLE", Short: "Assign a role to an account or a client, named by its id; an account also by its address, if that is verified", Args: cobra.ExactArgs(3),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			assign := a.Resources.Assign
			if unverified {
				assign = a.Resources.AssignUnverified
			}
			err := assign(ctx, args[0], args[1], args[2])
			return done(err, "The role %s of %s is assigned. %s", args[2], args[1], laterHint)
		})}
	grant.Flags().BoolVar(&unverified, "unverified-email", false, "accept an address that nobody has proved: whoever registered it first, not necessarily its owner, gets the role")
	command.AddCommand(grant,
		&cobra.Command{Use: "revoke ID AUDIENCE ROLE", Short: "Remove a role from an account or a client, named by its id, or by the account's address, and its scopes from live tokens", Args: cobra.ExactArgs(3),
			RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
				err := a.Resources.Unassign(ctx, args[0], args[1], args[2])
				return done(err, "The role %s of %s is removed.", args[2], args[1])
			})},
	)
	return command
}
