// Command platform is for people who run the platform: it seals secrets, renders
// overlays, and says what is wrong.
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	t := &tool{run: kubectl, now: time.Now}
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
	run runner
	now func() time.Time
}

// cluster is the one of kubectl's current context, as an environment's.
func (t *tool) cluster(env string) cluster {
	return cluster{dir: t.dir, env: env, run: t.run, now: t.now}
}

func (t *tool) command(args []string, stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{Use: "platform", Short: "Runs the platform", SilenceErrors: true, SilenceUsage: true}
	root.PersistentFlags().StringVar(&t.dir, "dir", ".", "the repository")
	root.AddCommand(doctorCommand(t), sealCommand(t), rotateCommand(t), resealCommand(t), certificateCommand(t), syncCommand(t), keyCommand(t), renderCommand(t))
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root
}
