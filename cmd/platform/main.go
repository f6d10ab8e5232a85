// Command platform is for people who run the platform: it seals secrets, renders
// overlays, makes services, and says what is wrong and how to fix it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/internal/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	t := &tool{run: cluster.Kubectl, now: time.Now}
	err := t.command(os.Args[1:], os.Stdin, os.Stdout, os.Stderr).ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tool is what all commands share: the repository, kubectl and the clock.
type tool struct {
	dir string
	run cluster.Runner
	now func() time.Time
}

// cluster is that of an environment.
func (t *tool) cluster(env string) cluster.Cluster {
	return cluster.Cluster{Dir: t.dir, Env: env, Run: t.run, Now: t.now}
}

func (t *tool) command(args []string, stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{Use: "platform", Short: "Runs the platform", SilenceErrors: true, SilenceUsage: true}
	root.PersistentFlags().StringVar(&t.dir, "dir", ".", "the repository")
	root.AddCommand(doctorCommand(t), sealCommand(t), rotateCommand(t), resealCommand(t), certificateCommand(t), syncCommand(t), keyCommand(t), renderCommand(t),
		adoptCommand(t), newEnvironmentCommand(t), newServiceCommand(t))
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root
}

// envFlag adds the flag --env, which a command needs.
func envFlag(c *cobra.Command, env *string) {
	c.Flags().StringVar(env, "env", "", "the environment, such as minikube or gke")
	_ = c.MarkFlagRequired("env")
}
