package direct

import (
	"context"
	"fmt"
	"log/slog"
)

// RedisLog writes go-redis's own log, such as each failed attempt to connect, to a
// structured log. It uses level debug, because the caller gets the error anyway. A
// program sets it once, with redis.SetLogger.
type RedisLog struct{ Log *slog.Logger }

// Printf writes one line.
func (l RedisLog) Printf(ctx context.Context, format string, v ...any) {
	if l.Log.Enabled(ctx, slog.LevelDebug) {
		l.Log.DebugContext(ctx, "go-redis", "says", fmt.Sprintf(format, v...))
	}
}
