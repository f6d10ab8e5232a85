package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// finding is something that is wrong, and the command that mends it.
type finding struct{ problem, mend string }

const doctorTimeout = time.Minute

func doctorCommand(t *tool) *cobra.Command {
	var env string
	var offline bool
	c := &cobra.Command{Use: "doctor", Short: "Say in a line what is wrong, and what mends it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), doctorTimeout)
			defer cancel()
			if err := knownEnvironment(t.dir, env); err != nil {
				return err
			}
			found := examineFiles(t.dir, env, t.now())
			if !offline {
				c := t.cluster(env)
				c.set, _ = rendered(t.dir, env) // examineFiles has said why not
				found = append(found, c.examine(ctx)...)
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

// oneLine is an error without its line breaks.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
