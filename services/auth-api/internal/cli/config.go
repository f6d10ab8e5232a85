package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/config"
)

func configCommand() *cobra.Command {
	return &cobra.Command{Use: "config", Short: "Print the settings, secrets masked, or what is wrong with them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load()
			if err != nil {
				return err
			}
			for _, name := range config.Unknown() {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: auth-api has no such setting\n", name)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), c)
			return err
		}}
}
