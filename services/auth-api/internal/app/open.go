package app

import (
	"context"
	"log/slog"
	"time"

	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/postgres"
)

// OpenPostgres opens Postgres alone. It does not connect yet.
func OpenPostgres(ctx context.Context, c config.Config, log *slog.Logger) (*postgres.DB, error) {
	return postgres.Open(ctx, postgres.Options{Pool: c.Postgres(), Timeout: c.AuthDBTimeout.Duration, Now: time.Now, Log: log})
}
