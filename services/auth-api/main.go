// Command auth-api signs people in for other APIs.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	// Commands, flags and help; the most used library for it.
	"github.com/spf13/cobra"
)

// Set by the linker; see `make build`.
var (
	version = "devel"
	commit  = "unknown"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run is the program. Settings come from the environment (package config).
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	root := &cobra.Command{
		Use: "auth-api", Short: "Signs people in for other APIs",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.AddCommand(serveCommand(), devCommand(), schemaCommand(), accountCommand(),
		apiCommand(), roleCommand(), clientCommand(), configCommand(), versionCommand(), hashCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print version and commit", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "auth-api %s (%s)\n", version, commit)
			return err
		}}
}
