package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/postgres"
)

func clientCommand() *cobra.Command {
	command := &cobra.Command{Use: "client", Short: "Manage the credentials with which APIs introspect tokens"}
	var name string
	create := &cobra.Command{Use: "create AUDIENCE", Short: "Create a client of an API; its secret is printed once", Args: cobra.ExactArgs(1),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			made, err := a.Clients.Create(ctx, args[0], name)
			return credentials(made), err
		})}
	create.Flags().StringVar(&name, "name", "", "what uses the client, for the list")

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

	command.AddCommand(create, rotate,
		&cobra.Command{Use: "disable ID", Short: "Disable a client permanently", Args: cobra.ExactArgs(1),
			RunE: withClient(func(ctx context.Context, a *app.App, id uuid.UUID) (string, error) {
				return done(a.Clients.Disable(ctx, id), "The client is disabled.")
			})},
		&cobra.Command{Use: "list", Short: "List the clients, without secrets", Args: cobra.NoArgs,
			RunE: withPostgres(func(ctx context.Context, db *postgres.DB) (string, error) {
				all, err := client.NewStore(db).List(ctx)
				return table(all), err
			})},
	)
	return command
}

func withClient(work func(ctx context.Context, a *app.App, id uuid.UUID) (string, error)) func(*cobra.Command, []string) error {
	return withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
		id, err := uuid.Parse(args[0])
		if err != nil {
			// Do not repeat the argument: it may be the secret.
			return "", errors.New("a client's id is a UUID: `auth-api client list` shows the ids")
		}
		return work(ctx, a, id)
	})
}

// credentials is the text that shows a secret, which is never shown again.
func credentials(c client.Credentials) string {
	if c.Secret == "" {
		return ""
	}
	return "id     " + c.ID.String() + "\nsecret " + c.Secret
}

func table(all []client.Listed) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tAPI\tNAME\tSECRETS\tROTATED\tSTATE")
	for _, c := range all {
		state := "enabled"
		if !c.DisabledAt.IsZero() {
			state = "disabled " + c.DisabledAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", c.ID, c.Audience, c.Name, c.Secrets, c.RotatedAt.UTC().Format(time.RFC3339), state)
	}
	_ = w.Flush() // It writes to memory and cannot fail.
	return strings.TrimRight(out.String(), "\n")
}
