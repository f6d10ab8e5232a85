// Package cli is the command line of auth-api, with one file a command.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	// Commands, flags and help. It is the most widely used library for them.
	"github.com/spf13/cobra"
)

// Build is the version of the program.
type Build struct{ Version, Commit string }

// Main runs the command that the arguments name, until it ends or the process gets SIGINT
// or SIGTERM. It returns the exit code.
func Main(b Build, more ...*cobra.Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, b, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, more); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// run builds the command tree and executes args. Settings come from the environment, see
// package config.
func run(ctx context.Context, b Build, args []string, stdin io.Reader, stdout, stderr io.Writer, more []*cobra.Command) error {
	root := &cobra.Command{
		Use: "auth-api", Short: "Signs people in for other APIs",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.AddCommand(serveCommand(b.Version), schemaCommand(), accountCommand(),
		apiCommand(), roleCommand(), clientCommand(), tokenCommand(), auditCommand(), mailCommand(), configCommand(), versionCommand(b), hashCommand())
	root.AddCommand(more...)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}

func versionCommand(b Build) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print version and commit", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "auth-api %s (%s)\n", b.Version, b.Commit)
			return err
		}}
}
