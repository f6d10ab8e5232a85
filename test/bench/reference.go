package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/redis/go-redis/v9"

	"auth.books.test/verify/direct"
)

// The servers that ours is compared with.
const (
	// empty answers 204 and nothing else: the limit of the machine and of Fiber.
	empty = "empty"
	// oneRead does one GET for a request: the limit of asking Redis each time.
	oneRead = "get"
)

// startReference runs a reference server as a process of its own, as ours is.
func startReference(ctx context.Context, kind, redisURL string) (*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return startProgram(ctx, exec.Command(self, "reference", kind, addr), []string{"SESSION_DB_URL=" + redisURL}, addr, "/")
}

func serveReference(ctx context.Context, kind, addr string) error {
	// Bounded as auth-api is, by Fiber's own means.
	app := fiber.New(fiber.Config{
		DisableStartupMessage: true, Immutable: true, DisablePreParseMultipartForm: true,
		BodyLimit: 4 << 10, ReadBufferSize: 8 << 10,
		ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	})
	switch kind {
	case empty:
		app.Get("/", func(c *fiber.Ctx) error { return c.SendStatus(http.StatusNoContent) })
	case oneRead:
		options, err := direct.RedisOptions(os.Getenv("SESSION_DB_URL"))
		if err != nil {
			return err
		}
		client := redis.NewClient(options)
		defer client.Close()
		app.Get("/", func(c *fiber.Ctx) error {
			if err := client.Get(c.UserContext(), referenceKey).Err(); err != nil {
				return err
			}
			return c.SendStatus(http.StatusNoContent)
		})
	default:
		return fmt.Errorf("there is no reference server %q", kind)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		_ = app.Shutdown()
	}()
	return app.Listener(l)
}

// referenceKey is a record like a token's.
const referenceKey = "session:reference"
