package cli

import (
	"context"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
)

func apiCommand() *cobra.Command {
	command := &cobra.Command{Use: "api", Short: "Register APIs: their audiences and scopes"}
	var scopes []string
	create := &cobra.Command{Use: "create AUDIENCE --scope SCOPE...", Short: "Register an API", Args: cobra.ExactArgs(1),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			err := a.Resources.Create(ctx, args[0], scopes)
			return done(err, "The API %s offers %q.", args[0], scopes)
		})}
	set := &cobra.Command{Use: "set AUDIENCE --scope SCOPE...", Short: "Change the scopes of an API; scopes that are left out are removed from roles and live tokens", Args: cobra.ExactArgs(1),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			err := a.Resources.SetScopes(ctx, args[0], scopes)
			return done(err, "The API %s offers %q.", args[0], scopes)
		})}
	command.AddCommand(&cobra.Command{Use: "url AUDIENCE URL", Short: "Give an API a URL by which apps may ask for tokens for it (RFC 8707); an empty one takes it away", Args: cobra.ExactArgs(2),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			return done(a.Resources.SetURL(ctx, args[0], args[1]), "The API %s is known as %q as well.", args[0], args[1])
		})})
	command.AddCommand(&cobra.Command{Use: "describe AUDIENCE SCOPE WORDS", Short: "Say what a scope lets an app do, for the people who are asked; the words follow \"It will be able to\", empty ones are taken away", Args: cobra.ExactArgs(3),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			return done(a.Resources.Describe(ctx, args[0], args[1], args[2]), "Apps that ask for %s will be able to %q.", args[1], args[2])
		})})
	for _, c := range []*cobra.Command{create, set} {
		scopesFlag(c, &scopes, "a scope that the API offers, such as books:read")
		command.AddCommand(c)
	}
	return command
}

func scopesFlag(c *cobra.Command, scopes *[]string, usage string) {
	c.Flags().StringArrayVar(scopes, "scope", nil, usage+"; may be given several times")
	_ = c.MarkFlagRequired("scope")
}
