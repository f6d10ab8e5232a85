package main

import (
	"context"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/account"
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
			RunE: withParts(func(ctx context.Context, p *parts, args []string) (string, error) {
				return okay(p.accounts.SetStatus(ctx, args[0], c.status), "The account is now %s.", c.status)
			})})
	}
	return command
}
