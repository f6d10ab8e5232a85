package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/config"
)

func accountCommand() *cobra.Command {
	command := &cobra.Command{Use: "account", Short: "Disable or enable an account"}
	for name, c := range map[string]struct {
		status account.Status
		short  string
	}{
		"disable": {account.Disabled, "Forbid an account to sign in, and end its sessions"},
		"enable":  {account.Active, "Let a disabled account sign in again"},
	} {
		command.AddCommand(&cobra.Command{Use: name + " EMAIL", Short: c.short, Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				settings, err := config.Load()
				if err != nil {
					return err
				}
				p, err := assemble(cmd.Context(), settings, discardLog())
				if err != nil {
					return err
				}
				defer p.close()
				if err := p.accounts.SetStatus(cmd.Context(), args[0], c.status); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "The account is now %s.\n", c.status)
				return err
			}})
	}
	return command
}
