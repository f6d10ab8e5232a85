package access

import (
	"context"
	"log/slog"
	"time"
)

// watchEvery is how often Watch checks Redis.
const watchEvery = time.Second

// Watch logs problems of Redis until ctx ends, each once when it begins.
func (s *Store) Watch(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	problem, blind := "", false
	for {
		c := s.Check(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case c.Problem != "" && c.Problem != problem:
			log.WarnContext(ctx, "session-db: "+c.Problem, "error", c.Err)
		case c.Problem == "" && problem != "":
			log.InfoContext(ctx, "session-db: the problem is solved", "problem", problem)
		}
		problem = c.Problem
		if c.Blind && !blind {
			blind = true
			log.WarnContext(ctx, "session-db: Redis does not tell its maxmemory-policy or when it was restarted (INFO): make sure that the policy is noeviction, and that a restart loses no data")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
