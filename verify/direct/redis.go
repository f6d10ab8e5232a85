package direct

import (
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Timeouts of a Redis call. A lookup takes well under a millisecond. With go-redis's
// defaults, 3 s and three retries, a request waited 8 s for a Redis that hung.
const (
	RedisDialTimeout = 500 * time.Millisecond
	RedisCallTimeout = 200 * time.Millisecond
)

// RedisOptions parses a redis://, rediss:// or unix:// URL like Open, for callers that
// need a redis.Client of a single host. The error holds no part of the URL.
func RedisOptions(url string) (*redis.Options, error) {
	o, err := universalOptions(url)
	if err != nil {
		return nil, err
	}
	if o.IsClusterMode || o.MasterName != "" {
		return nil, errors.New("the scheme is not for a single Redis: write redis://, rediss:// or unix://")
	}
	return o.Simple(), nil
}

func setDeadlines(o *redis.UniversalOptions) {
	o.DialTimeout = RedisDialTimeout
	o.ReadTimeout = RedisCallTimeout
	o.WriteTimeout = RedisCallTimeout
	o.PoolTimeout = RedisCallTimeout
	o.ContextTimeoutEnabled = true
	o.DialerRetries = 1
	// One retry covers a connection that Redis closed while it was idle.
	o.MaxRetries = 1
	o.MinRetryBackoff = -1
	o.MaxRetryBackoff = -1
	o.DisableIdentity = true
}
