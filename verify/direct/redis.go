package direct

import (
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Deadlines of a Redis call. A lookup takes well under a millisecond; go-redis's
// own defaults (3 s and three retries) let one request wait for 8 s when Redis froze.
const (
	RedisDialTimeout = 500 * time.Millisecond
	RedisCallTimeout = 200 * time.Millisecond
)

// RedisOptions reads a redis://, rediss:// or unix:// URL as Open does, for who
// needs a redis.Client of one host. The error holds nothing of the URL.
func RedisOptions(url string) (*redis.Options, error) {
	o, err := universalOptions(url)
	if err != nil {
		return nil, err
	}
	if o.IsClusterMode || o.MasterName != "" {
		return nil, errors.New("the scheme is not one of a single Redis: write redis://, rediss:// or unix://")
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
	// One retry takes up a connection that Redis closed while it was idle.
	o.MaxRetries = 1
	o.MinRetryBackoff = -1
	o.MaxRetryBackoff = -1
	o.DisableIdentity = true
}
