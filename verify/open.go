package verify

import (
	"errors"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

var errURL = errors.New("the Redis URL cannot be read: write redis://user:password@host:6379/0, rediss:// for TLS, " +
	"redis+sentinel://user:password@sentinel:26379,another:26379/master or redis+cluster://user:password@host:6379,another:6379")

// Open makes a client for a Redis URL with the deadlines that verification
// needs. It does not connect. Beside redis:// and rediss:// (TLS) it takes
//
//	redis+sentinel://user:password@sentinel-1:26379,sentinel-2:26379/master-name/0
//	redis+cluster://user:password@node-1:6379,node-2:6379
//
// and rediss+… of both. User and password are those of Redis; Sentinel's own are
// sentinel_user and sentinel_password in the query. The error does not hold the
// password.
func Open(rawURL string) (redis.UniversalClient, error) {
	o, err := universalOptions(rawURL)
	if err != nil {
		return nil, err
	}
	return redis.NewUniversalClient(o), nil
}

// CheckURL says whether Open takes the URL.
func CheckURL(rawURL string) error {
	_, err := universalOptions(rawURL)
	return err
}

func universalOptions(rawURL string) (*redis.UniversalOptions, error) {
	scheme, kind, _ := strings.Cut(schemeOf(rawURL), "+")
	if kind != "" && kind != "sentinel" && kind != "cluster" {
		return nil, errURL
	}
	u, err := url.Parse(strings.Replace(rawURL, "+"+kind+":", ":", 1))
	if err != nil {
		return nil, errURL
	}
	out := &redis.UniversalOptions{Addrs: strings.Split(u.Host, ","), IsClusterMode: kind == "cluster"}
	if kind == "sentinel" {
		var database string
		out.MasterName, database, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		if out.MasterName == "" {
			return nil, errURL
		}
		u.Path = "/" + database
		query := u.Query()
		out.SentinelUsername, out.SentinelPassword = query.Get("sentinel_user"), query.Get("sentinel_password")
		query.Del("sentinel_user")
		query.Del("sentinel_password")
		u.RawQuery = query.Encode()
	}
	// The rest is as with one host.
	u.Host = out.Addrs[0]
	one, err := RedisOptions(u.String())
	if err != nil || scheme == "" {
		return nil, errURL
	}
	switch kind {
	case "":
		out.Addrs = []string{one.Addr}
	case "cluster":
		if one.DB != 0 {
			return nil, errURL
		}
	}
	out.Username, out.Password, out.DB, out.TLSConfig = one.Username, one.Password, one.DB, one.TLSConfig
	if out.TLSConfig != nil && kind != "" {
		out.TLSConfig.ServerName = "" // each host has its own
	}
	out.DialTimeout, out.ReadTimeout, out.WriteTimeout, out.PoolTimeout = one.DialTimeout, one.ReadTimeout, one.WriteTimeout, one.PoolTimeout
	out.ContextTimeoutEnabled, out.DialerRetries, out.DisableIdentity = one.ContextTimeoutEnabled, one.DialerRetries, one.DisableIdentity
	out.MaxRetries, out.MinRetryBackoff, out.MaxRetryBackoff = one.MaxRetries, one.MinRetryBackoff, one.MaxRetryBackoff
	out.PoolSize = one.PoolSize
	return out, nil
}

func schemeOf(rawURL string) string {
	scheme, _, _ := strings.Cut(rawURL, ":")
	return scheme
}
