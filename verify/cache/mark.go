package cache

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

var (
	errIncomplete = errors.New("no mark says that Redis has lost nothing: it is not filled yet")
	errEvicting   = errors.New("this Redis may have evicted what is missing: set its maxmemory-policy to noeviction")
)

// mark is a key without which what is missing may be lost.
type mark struct {
	// key is empty if nothing is ever lost.
	key, distrust string
	client        redis.Cmdable
}

func (m mark) at(client redis.Cmdable) mark {
	m.client = client
	return m
}

// look says why an absence cannot be believed; nil if it can.
func (m mark) look(ctx context.Context) error {
	value, err := m.client.Get(ctx, m.key).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return errIncomplete
	case err != nil:
		return fmt.Errorf("look for the mark that all is there: %w", err)
	case m.distrust != "" && strings.HasPrefix(value, m.distrust):
		return errEvicting
	}
	return nil
}
