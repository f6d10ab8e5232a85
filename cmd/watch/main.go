// Command watch builds and runs a Go program, and does so again at every change of its
// source:
//
//	watch -lock .dev/watch -package ./services/auth-api -output .dev/bin/auth-api -- .dev/bin/auth-api dev
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"auth.books.test/internal/runlock"
	"auth.books.test/internal/watch"
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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := watch.Options{Root: ".", Stdout: stdout, Stderr: stderr}
	var lock string
	flags := flag.NewFlagSet("watch", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Package, "package", "", "what to build")
	flags.StringVar(&o.Output, "output", "", "where to put the program")
	flags.StringVar(&lock, "lock", "", "a folder that only one watch at a time may use")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Command = flags.Args(); o.Package == "" || o.Output == "" || len(o.Command) == 0 {
		return errors.New("usage: watch -package PACKAGE -output FILE -- COMMAND [ARGUMENT...]")
	}
	if lock != "" {
		held, err := runlock.Acquire(lock)
		if err != nil {
			return err
		}
		defer held.Release()
	}
	return watch.Run(ctx, o)
}
