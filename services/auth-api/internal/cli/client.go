package cli

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/postgres"
)

func clientCommand() *cobra.Command {
	command := &cobra.Command{Use: "client", Short: "Manage clients: APIs that introspect tokens, apps that sign people in, and programs"}
	command.AddCommand(createClientCommand(), setClientCommand(), rotateCommand(),
		&cobra.Command{Use: "end ID", Short: "End all authorizations of a client at once: what people let it in to, and its own tokens; it stays usable", Args: cobra.ExactArgs(1),
			RunE: withClient(func(ctx context.Context, a *app.App, id uuid.UUID) (string, error) {
				return done(a.Clients.End(ctx, id), "All authorizations of the client have ended.")
			})},
		&cobra.Command{Use: "disable ID", Short: "Disable a client permanently", Args: cobra.ExactArgs(1),
			RunE: withClient(func(ctx context.Context, a *app.App, id uuid.UUID) (string, error) {
				return done(a.Clients.Disable(ctx, id), "The client is disabled.")
			})},
		&cobra.Command{Use: "list", Short: "List the clients, without secrets", Args: cobra.NoArgs,
			RunE: withPostgres(func(ctx context.Context, db *postgres.DB) (string, error) {
				all, err := client.NewStore(db).List(ctx)
				return clientTable(all), err
			})},
		&cobra.Command{Use: "show ID", Short: "Print what is registered of a client", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				id, err := clientID(args[0])
				if err != nil {
					return err
				}
				return withPostgres(func(ctx context.Context, db *postgres.DB) (string, error) {
					found, err := client.NewStore(db).Find(ctx, id)
					if err != nil {
						return "", err
					}
					return clientFields(found), nil
				})(cmd, args)
			}},
	)
	return command
}

func createClientCommand() *cobra.Command {
	var f clientFlags
	var public bool
	create := &cobra.Command{Use: "create [AUDIENCE]", Short: "Create a client: of the API whose tokens it introspects, or an app or a program without one; its secret is printed once", Args: cobra.MaximumNArgs(1)}
	create.Flags().BoolVar(&public, "public", false, "it can keep no secret, such as a single-page app or one on a phone")
	f.add(create)
	create.Flags().BoolVar(&f.native, "native", false, "it runs on the person's device: loopback redirect URIs may have any port, and URIs of apps are allowed")
	create.RunE = func(cmd *cobra.Command, args []string) error {
		change, err := f.read(cmd)
		if err != nil {
			return err
		}
		var r client.Registration
		change(&r)
		r.Native = f.native
		if public {
			r.Authentication = client.NoSecret
		}
		if len(args) > 0 {
			r.Audience = args[0]
		}
		if len(r.Grants) == 0 && len(r.RedirectURIs) > 0 {
			r.Grants = []client.Grant{client.AuthorizationCode, client.RefreshToken}
		}
		return withApp(func(ctx context.Context, a *app.App, _ []string) (string, error) {
			made, err := a.Clients.Create(ctx, r)
			return credentials(made), err
		})(cmd, args)
	}
	return create
}

func setClientCommand() *cobra.Command {
	var f clientFlags
	set := &cobra.Command{Use: "set ID", Short: "Change what is registered of a client; a list replaces the one before, and \"\" empties it. What it may do less ends all that it has", Args: cobra.ExactArgs(1)}
	f.add(set)
	set.RunE = func(cmd *cobra.Command, args []string) error {
		change, err := f.read(cmd)
		if err != nil {
			return err
		}
		return withClient(func(ctx context.Context, a *app.App, id uuid.UUID) (string, error) {
			return done(a.Clients.Change(ctx, id, change), "The client is changed.")
		})(cmd, args)
	}
	return set
}

func rotateCommand() *cobra.Command {
	var dropOld bool
	rotate := &cobra.Command{Use: "rotate ID", Short: "Add a second secret, which is printed once; the old one remains valid until --drop-old", Args: cobra.ExactArgs(1),
		RunE: withClient(func(ctx context.Context, a *app.App, id uuid.UUID) (string, error) {
			if dropOld {
				return done(a.Clients.DropOld(ctx, id), "Only the newest secret is valid now.")
			}
			made, err := a.Clients.Rotate(ctx, id)
			return credentials(made), err
		})}
	rotate.Flags().BoolVar(&dropOld, "drop-old", false, "revoke the old secret, and add none")
	return rotate
}

func withClient(work func(ctx context.Context, a *app.App, id uuid.UUID) (string, error)) func(*cobra.Command, []string) error {
	return withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
		id, err := clientID(args[0])
		if err != nil {
			return "", err
		}
		return work(ctx, a, id)
	})
}

func clientID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		// Do not repeat the argument: it may be the secret.
		return uuid.Nil, errors.New("a client's id is a UUID: `auth-api client list` shows the ids")
	}
	return id, nil
}
