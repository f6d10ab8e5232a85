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

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	root := &cobra.Command{Use: "platform", Short: "Runs the platform", SilenceErrors: true, SilenceUsage: true}
	var dir string
	root.PersistentFlags().StringVar(&dir, "dir", ".", "the repository")
	root.AddCommand(doctorCommand(&dir), sealCommand(&dir), rotateCommand(&dir), resealCommand(&dir), keyCommand(&dir), renderCommand(&dir))
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}
