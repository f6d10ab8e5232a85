package verify

import (
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Deadlines of a Redis call. A lookup takes well under a millisecond; go-redis's
// own defaults (3 s and three retries) let one request wait for 8 s when Redis froze.
const (
	RedisDialTimeout = 500 * time.Millisecond
	RedisCallTimeout = 200 * time.Millisecond
)

// RedisOptions reads a redis:// or rediss:// URL and sets the deadlines that
// verification needs. The error does not hold the URL's password.
func RedisOptions(url string) (*redis.Options, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("the Redis URL cannot be read: write redis://user:password@host:6379/0")
	}
	options.DialTimeout = RedisDialTimeout
	options.ReadTimeout = RedisCallTimeout
	options.WriteTimeout = RedisCallTimeout
	options.PoolTimeout = RedisCallTimeout
	options.ContextTimeoutEnabled = true
	options.DialerRetries = 1
	// One retry takes up a connection that Redis closed while it was idle.
	options.MaxRetries = 1
	options.MinRetryBackoff = -1
	options.MaxRetryBackoff = -1
	options.DisableIdentity = true
	return options, nil
}
