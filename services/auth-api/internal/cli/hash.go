package cli

import (
	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
	"auth.books.test/services/auth-api/internal/password/worker"
)

// hashCommand runs a worker process of package worker. auth-api starts it by itself.
func hashCommand() *cobra.Command {
	return &cobra.Command{Use: app.HashCommand + " PRIORITY", Short: "Hash passwords for another auth-api", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return worker.Serve(worker.Priority(args[0]), cmd.InOrStdin(), cmd.OutOrStdout())
		}}
}
