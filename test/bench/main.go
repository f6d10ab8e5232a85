// Command bench measures the figures of docs/performance.md, all in one run,
// and prints them as a table. It starts what it measures, and stops it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// step measures one thing and adds its rows to the table. Each starts an
// auth-api of its own, so that none depends on what ran before it.
type step struct {
	name string
	do   func(context.Context, *stack, settings, *table) error
	// alone is true of a step that only -only runs, since it is long.
	alone bool
}

func steps() []step {
	return []step{
		{name: "start", do: measureStart},
		{name: "memory", do: measureMemory},
		{name: "bytes", do: measureBytes},
		{name: "verify", do: measureVerify},
		{name: "package", do: measurePackage},
		{name: "revoke", do: measureRevoke},
		{name: "tree", do: measureTree},
		{name: "statements", do: measureStatements},
		{name: "million", do: measureMillion},
		{name: "ends", do: measureEnds},
		{name: "me", do: measureMe},
		{name: "signin", do: measureSignIn},
		{name: "timing", do: measureTiming, alone: true},
	}
}

// settings of a run.
type settings struct {
	rounds   int
	tries    int
	duration time.Duration
	steps    []step
	output   string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 3 && args[0] == "reference" {
		return serveReference(ctx, args[1], args[2])
	}
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	t, err := measure(ctx, s, stderr)
	if err != nil {
		if t != nil {
			_, _ = fmt.Fprint(stdout, t) // what was measured before the error
		}
		return err
	}
	if _, err := fmt.Fprint(stdout, t); err != nil || s.output == "" {
		return err
	}
	return t.writeInto(s.output)
}

func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{steps: steps()}
	var names []string
	for _, one := range s.steps {
		names = append(names, one.name)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&s.rounds, "rounds", 7, "how often each thing is measured, in turns; one round more warms up")
	flags.DurationVar(&s.duration, "duration", 3*time.Second, "how long each measurement takes; sign-ins take at least 5s")
	flags.IntVar(&s.tries, "tries", 1000, "how often timing tries each kind of request")
	only := flags.String("only", "", "measure these alone, with commas: "+strings.Join(names, ","))
	flags.StringVar(&s.output, "o", "", "also write the table into this page, between its markers")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("%q is not a flag", flags.Arg(0))
	case s.rounds < 1 || s.tries < 1 || s.duration <= 0:
		return s, errors.New("-rounds, -tries and -duration must be more than nothing")
	case *only == "":
		s.steps = slices.DeleteFunc(s.steps, func(one step) bool { return one.alone })
		return s, nil
	case s.output != "":
		return s, errors.New("-o writes a whole table: leave out -only")
	}
	wanted := strings.Split(*only, ",")
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return s, fmt.Errorf("-only: there is no %q, only %s", name, strings.Join(names, ", "))
		}
	}
	s.steps = slices.DeleteFunc(s.steps, func(one step) bool { return !slices.Contains(wanted, one.name) })
	return s, nil
}

// measure takes the figures one after the other, on one set of stores. With an error it
// returns the table so far, if there is one.
func measure(ctx context.Context, s settings, progress io.Writer) (t *table, err error) {
	before := loadAverage()
	st, err := newStack(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.stop()) }()
	t = &table{about: st.machine(time.Now(), before)}
	for _, one := range s.steps {
		fmt.Fprintf(progress, "measuring: %s\n", one.name)
		if err := one.do(ctx, st, s, t); err != nil {
			return t, fmt.Errorf("measure %s: %w", one.name, err)
		}
	}
	return t, nil
}
