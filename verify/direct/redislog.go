package direct

import (
	"context"
	"fmt"
	"log/slog"
)

// RedisLog takes what go-redis itself has to say, such as each failed attempt to
// connect, into a structured log. It says it at level debug: whoever asked gets
// the error. A program sets it once, with redis.SetLogger.
type RedisLog struct{ Log *slog.Logger }

// Printf writes one line.
func (l RedisLog) Printf(ctx context.Context, format string, v ...any) {
	if l.Log.Enabled(ctx, slog.LevelDebug) {
		l.Log.DebugContext(ctx, "go-redis", "says", fmt.Sprintf(format, v...))
	}
}
