package cache

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

var (
	errIncomplete = errors.New("the marker that all records are there is missing: Redis is not filled yet")
	errEvicting   = errors.New("the missing key may have been evicted: set Redis's maxmemory-policy to noeviction")
)

// marker is a key whose absence means that Redis may have lost other keys.
type marker struct {
	// key is empty if a missing key always counts as missing.
	key, untrusted string
	client         redis.Cmdable
}

func (m marker) at(client redis.Cmdable) marker {
	m.client = client
	return m
}

// check returns nil if a key that Redis does not have can be taken as missing, and
// otherwise the reason.
func (m marker) check(ctx context.Context) error {
	value, err := m.client.Get(ctx, m.key).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return errIncomplete
	case err != nil:
		return fmt.Errorf("read the marker that all records are there: %w", err)
	case m.untrusted != "" && strings.HasPrefix(value, m.untrusted):
		return errEvicting
	}
	return nil
}
