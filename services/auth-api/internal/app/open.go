package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// OpenPostgres opens Postgres alone. It does not connect yet.
func OpenPostgres(ctx context.Context, c config.Config, log *slog.Logger) (*postgres.DB, error) {
	return postgres.Open(ctx, postgres.Options{Pool: c.Postgres(), Timeout: c.AuthDBTimeout.Duration, Now: time.Now, Log: log})
}

// FindRecord reads the record of a token from Redis; nil if there is none. It opens no other
// store. Errors: record.ErrInvalid, or Redis does not answer.
func FindRecord(ctx context.Context, c config.Config, h token.Hash) (*verify.Principal, error) {
	client, err := direct.Open(c.RedisURL())
	if err != nil {
		return nil, fmt.Errorf("SESSION_DB_URL: %w", err)
	}
	defer client.Close()
	return access.NewStore(client, c.TokenRing(), redisTimeout, nil).Find(ctx, h)
}
