// Command helloworld is a minimal API that relies on auth-api: it greets the person whose
// access token is sent.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/graceful"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/direct"
)

// Set by the linker; see `make build`.
var (
	version = "devel"
	commit  = "unknown"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs a command. Settings come from the environment.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	switch strings.Join(args, " ") {
	case "":
		return start(ctx, stdout)
	case "config":
		s, err := load()
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(stdout, s)
		return err
	case "version":
		_, err := fmt.Fprintf(stdout, "helloworld %s (%s)\n", version, commit)
		return err
	default:
		return errors.New("unknown command: run helloworld without arguments to serve, `helloworld config` to print its settings, `helloworld version` to print its version")
	}
}

// start serves until ctx ends.
func start(ctx context.Context, stdout io.Writer) error {
	s, err := load()
	if err != nil {
		return err
	}
	l, err := graceful.Listen(string(s.Addr))
	if err != nil {
		return fmt.Errorf("HELLOWORLD_ADDR: %w", err)
	}
	log := slog.New(slog.NewJSONHandler(stdout, nil))
	for _, name := range others() {
		log.WarnContext(ctx, "a variable is named like a setting, but is none: `helloworld config` prints all settings", "variable", name)
	}
	redis.SetLogger(direct.RedisLog{Log: log})
	v, err := newVerifier(s, log)
	if err != nil {
		return err
	}
	defer v.close()
	guard := bearer.New(bearer.Options{Verifier: v, Audience: audience, Resource: s.resource(), OnRefusal: refusals(log)})
	return serve(ctx, l, newAPI(guard, v, s.resource()), s, log)
}

// refusals logs refusals that are not the caller's fault.
func refusals(log *slog.Logger) func(context.Context, *bearer.Refusal) {
	return func(ctx context.Context, r *bearer.Refusal) {
		if r.Code == bearer.StoreUnavailable {
			log.ErrorContext(ctx, "a token could not be verified", "error", r)
		}
	}
}
