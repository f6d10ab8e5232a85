package cli

import (
	"log/slog"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
	"auth.books.test/services/auth-api/internal/config"
)

func serveCommand(version string) *cobra.Command {
	return &cobra.Command{Use: "serve", Short: "Serve the API", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load()
			if err != nil {
				return err
			}
			l, err := app.Listen("AUTH_API_ADDR", string(c.Addr))
			if err != nil {
				return err
			}
			log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: c.LogLevel.Level}))
			return app.Serve(cmd.Context(), c, l, log, version, nil)
		}}
}
