package main

import (
	"context"
	"fmt"
	"log/slog"

	"auth.books.test/verify"
	"auth.books.test/verify/direct"
)

// verifier is a verify.Verifier and the store that it uses.
type verifier struct {
	verify.Verifier
	// store is session-db or auth-api.
	store string
	ping  func(context.Context) error
	close func()
}

// newVerifier uses auth-api if its URL is set, and Redis otherwise.
func newVerifier(s settings, log *slog.Logger) (verifier, error) {
	if s.AuthAPI != "" {
		remote, err := verify.NewRemote(s.remote())
		if err != nil {
			return verifier{}, fmt.Errorf("AUTH_API_URL: %w", err)
		}
		return verifier{Verifier: remote, store: "auth-api", ping: remote.Ping, close: func() {}}, nil
	}
	fromRedis, err := direct.Connect(s.redisURL(), s.ring, direct.Options{Log: log})
	if err != nil {
		return verifier{}, fmt.Errorf("SESSION_DB_URL: %w", err)
	}
	return verifier{Verifier: fromRedis, store: "session-db", ping: fromRedis.Ping, close: func() { _ = fromRedis.Close() }}, nil
}
