package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/internal/secrets"
)

func syncCommand(t *tool) *cobra.Command {
	var env, kubeContext string
	var timeout time.Duration
	c := &cobra.Command{Use: "sync", Short: "Wait until the cluster has the secrets of git, and have its stores read their users", Args: cobra.NoArgs,
		Long: `To be run after kubectl apply -k. Waits until the controller has opened every SealedSecret as it was applied, and fails with
its message if it cannot; then has each pod of the stores read its users again, once they have reached it. It is safe to
repeat, and repairs stores whose users are those of another branch or of older data.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			c := t.cluster(env)
			if kubeContext != "" {
				c = c.InContext(kubeContext)
			}
			return secrets.Sync(ctx, c, func(line string) { fmt.Fprintln(cmd.OutOrStdout(), line) })
		}}
	envFlag(c, &env)
	c.Flags().StringVar(&kubeContext, "context", "", "kubectl's context; the current one if it is not given")
	c.Flags().DurationVar(&timeout, "timeout", 5*time.Minute, "how long all of it may take")
	return c
}
