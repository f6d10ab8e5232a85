package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/secrets"
)

func rotateCommand(t *tool) *cobra.Command {
	r := secrets.Rotation{}
	var env string
	var use, finish, fromStdin bool
	c := &cobra.Command{Use: "rotate", Short: "Give a secret a new value under a new name, and say what else is to be done", Args: cobra.NoArgs,
		Long: `Seals a new value as NAME-v2, NAME-v3 and so on, lets the overlay use it, and keeps the old one until --finish.
The store knows both in between, so that no request fails. It writes files only, and prints the commands that follow.
If a cluster of the environment answers, the certificate must be of one of its controller's keys.

What the store knows now is opened with the environment's key where the repository has it. Elsewhere it comes from
the cluster: kubectl -n auth get secret … -o json | platform rotate … --stdin. A chosen value can come before it, as
{"session-db-credentials": {"password": "…"}}. Of the token keys that is the whole ring, {"session-db-token-key": {"keys": "…"}}:
the keys of now and one more, which becomes the first with --use; the same goes for auth-api-service-key. No value is ever shown.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if fromStdin {
				var err error
				if r.Input, err = secrets.ReadInput(cmd.InOrStdin(), t.cluster(env).Namespace()); err != nil {
					return err
				}
			}
			switch {
			case use:
				r.Step = credential.Use
			case finish:
				r.Step = credential.Finish
			}
			runbook, err := secrets.Rotate(cmd.Context(), t.cluster(env), r)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), runbook)
			return err
		}}
	envFlag(c, &env)
	c.Flags().StringVar(&r.Name, "secret", "", "which secret, without a version")
	c.Flags().BoolVar(&use, "use", false, "make tokens, or whatever a ring is for, with the new key, when every pod knows it")
	c.Flags().BoolVar(&finish, "finish", false, "drop the old value, when nobody uses it any more")
	c.Flags().BoolVar(&fromStdin, "stdin", false, "read the secret that is changed from standard input")
	c.MarkFlagsMutuallyExclusive("use", "finish")
	_ = c.MarkFlagRequired("secret")
	return c
}
