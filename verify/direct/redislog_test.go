package direct_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"auth.books.test/verify/direct"
)

func TestGoRedisLogsAtLevelDebug(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	level := &slog.LevelVar{}
	log := direct.RedisLog{Log: slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: level}))}
	log.Printf(t.Context(), "dial %s", "failed")
	if out.Len() != 0 {
		t.Errorf("%s", &out)
	}
	level.Set(slog.LevelDebug)
	log.Printf(t.Context(), "dial %s\n", "failed")
	if strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), `"says":"dial failed`) {
		t.Errorf("%s", &out)
	}
}
