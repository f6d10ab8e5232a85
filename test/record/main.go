// Command record makes the picture that README.md begins with. It starts the programs as a
// newcomer does, runs what `make run` prints, and draws what came back: nothing in the
// picture is written by hand but the comments.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	out := flag.String("o", "docs/first-minute.svg", "the file to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	err := record(ctx, *out)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func record(ctx context.Context, file string) error {
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	lines, err := session(ctx, dir)
	if err != nil {
		return fmt.Errorf("record a session: %w", err)
	}
	return os.WriteFile(file, draw(lines), 0o644)
}
