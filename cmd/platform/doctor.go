package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/doctor"
)

const doctorTimeout = time.Minute

func doctorCommand(t *tool) *cobra.Command {
	var env, overlay string
	var offline bool
	c := &cobra.Command{Use: "doctor", Short: "Say in a line each what is wrong, and the command that fixes it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if overlay != "" {
				return report(cmd.OutOrStdout(), doctor.Overlay(overlay))
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), doctorTimeout)
			defer cancel()
			if err := cluster.CheckEnvironment(t.dir, env); err != nil {
				return err
			}
			return report(cmd.OutOrStdout(), doctor.Examine(ctx, t.cluster(env), offline))
		}}
	c.Flags().StringVar(&env, "env", "", "the environment, such as minikube or gke")
	c.Flags().StringVar(&overlay, "overlay", "", "the folder of your own overlay on top of one of these, to look at instead")
	c.MarkFlagsOneRequired("env", "overlay")
	c.MarkFlagsMutuallyExclusive("env", "overlay")
	c.Flags().BoolVar(&offline, "offline", false, "look at the repository only, not at the cluster")
	return c
}

func report(out io.Writer, found []doctor.Finding) error {
	for _, f := range found {
		fmt.Fprintf(out, "%s: %s\n", f.Problem, f.Fix)
	}
	if len(found) > 0 {
		return errors.New("not well")
	}
	_, err := fmt.Fprintln(out, "Everything looks well.")
	return err
}
