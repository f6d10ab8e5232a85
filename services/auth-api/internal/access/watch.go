package access

import (
	"context"
	"log/slog"
	"time"
)

// watchEvery is how often Watch looks.
const watchEvery = time.Second

// Watch logs what is wrong with Redis, once for each problem, until ctx ends.
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
			log.InfoContext(ctx, "session-db: the problem is over", "problem", problem)
		}
		problem = c.Problem
		if c.Blind && !blind {
			blind = true
			log.WarnContext(ctx, "session-db: Redis does not tell its maxmemory-policy or when it was restarted (INFO): make sure that the policy is noeviction, and that it loses nothing at a restart")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
