package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// finding is something that is wrong, and the command that mends it.
type finding struct{ problem, mend string }

const doctorTimeout = 30 * time.Second

func doctorCommand(dir *string) *cobra.Command {
	var env string
	var offline bool
	c := &cobra.Command{Use: "doctor", Short: "Say in a line what is wrong, and what mends it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), doctorTimeout)
			defer cancel()
			found := examineFiles(*dir, env)
			if !offline {
				found = append(found, examineCluster(ctx, env, kubectl)...)
			}
			return report(cmd.OutOrStdout(), found)
		}}
	c.Flags().StringVar(&env, "env", "", "the overlay, minikube or gke")
	c.Flags().BoolVar(&offline, "offline", false, "look at the repository only, not at the cluster")
	_ = c.MarkFlagRequired("env")
	return c
}

func report(out io.Writer, found []finding) error {
	for _, f := range found {
		fmt.Fprintf(out, "%s: %s\n", f.problem, f.mend)
	}
	if len(found) > 0 {
		return errors.New("not well")
	}
	_, err := fmt.Fprintln(out, "Everything looks well.")
	return err
}
