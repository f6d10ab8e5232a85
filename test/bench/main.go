// Command bench measures the figures of docs/performance.md, all in one run,
// and prints them as a table. It starts what it measures, and stops it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
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

// settings of a run.
type settings struct {
	rounds   int
	duration time.Duration
	output   string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 3 && args[0] == "reference" {
		return serveReference(ctx, args[1], args[2])
	}
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.rounds, "rounds", 7, "how often each thing is measured, in turns")
	flags.DurationVar(&s.duration, "duration", 3*time.Second, "how long each measurement takes")
	flags.StringVar(&s.output, "o", "", "also write the table into this page, between its markers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	t, err := measure(ctx, s, stderr)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(stdout, t); err != nil || s.output == "" {
		return err
	}
	return t.writeInto(s.output)
}

// measure takes the figures one after the other, on one set of stores.
func measure(ctx context.Context, s settings, progress io.Writer) (*table, error) {
	st, err := newStack(ctx)
	if err != nil {
		return nil, err
	}
	defer st.stop()
	t := newTable(st)
	for _, step := range []struct {
		name string
		do   func(context.Context, *stack, settings, *table) error
	}{
		{"start", measureStart}, {"memory at rest", measureIdle}, {"bytes in Redis", measureBytes},
		{"verification", measureMe}, {"sign-in", measureSignIn}, {"memory after a burst", measureSettled},
	} {
		fmt.Fprintf(progress, "measuring: %s\n", step.name)
		if err := step.do(ctx, st, s, t); err != nil {
			return nil, fmt.Errorf("measure %s: %w", step.name, err)
		}
	}
	return t, nil
}
