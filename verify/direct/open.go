package direct

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify/storeurl"
)

const (
	redisPort    = 6379
	sentinelPort = 26379
	// maxPool is the highest pool_size.
	maxPool = 10_000
)

// Open makes a client for a Redis URL with the timeouts that verification needs. It does
// not connect. It accepts
//
//	redis://user:password@host:6379/0
//	rediss://user:password@host:6379/0 (TLS)
//	redis+sentinel://user:password@sentinel-1:26379,sentinel-2:26379/master-name/0
//	redis+cluster://user:password@node-1:6379,node-2:6379
//	unix://user:password@/run/redis.sock?db=0
//
// and rediss+sentinel and rediss+cluster for TLS. IPv6 addresses need brackets. User and
// password are those of Redis. Parameters are db and pool_size, and for Sentinel
// sentinel_user and sentinel_password. Write special characters as %XX. The error says
// which part is wrong, and holds no part of the URL.
func Open(rawURL string) (redis.UniversalClient, error) {
	o, err := universalOptions(rawURL)
	if err != nil {
		return nil, err
	}
	return redis.NewUniversalClient(o), nil
}

// CheckURL returns the error that Open would return. It is not inlined, so that its callers
// do not compile go-redis's options (TestOnlyWhatIsNextToRedisCompilesItsClient).
//
//go:noinline
func CheckURL(rawURL string) error {
	_, err := universalOptions(rawURL)
	return err
}

func universalOptions(rawURL string) (*redis.UniversalOptions, error) {
	u, err := storeurl.Parse(rawURL)
	if err != nil {
		return nil, withExample(u, err)
	}
	o := &redis.UniversalOptions{}
	setDeadlines(o)
	if err := readURL(u, o); err != nil {
		return nil, withExample(u, err)
	}
	return o, nil
}

func withExample(u storeurl.URL, err error) error {
	example := "redis://user:password@session-db:6379/0"
	switch {
	case strings.HasSuffix(u.Scheme, "+sentinel"):
		example = "redis+sentinel://user:password@sentinel-1:26379,sentinel-2:26379/session-db/0"
	case strings.HasSuffix(u.Scheme, "+cluster"):
		example = "redis+cluster://user:password@node-1:6379,node-2:6379"
	case u.Scheme == "unix":
		example = "unix://user:password@/run/redis/redis.sock?db=0"
	}
	return fmt.Errorf("%w. Example: %s", err, example)
}

func readURL(u storeurl.URL, o *redis.UniversalOptions) (err error) {
	if err := setUser(u, o); err != nil {
		return err
	}
	known := []string{"db", "pool_size", "protocol"}
	switch u.Scheme {
	case "redis", "rediss":
		err = setOne(u, o)
	case "unix":
		err = setSocket(u, o)
	case "redis+sentinel", "rediss+sentinel":
		known = append(known, "sentinel_user", "sentinel_password")
		err = setSentinel(u, o)
	case "redis+cluster", "rediss+cluster":
		known = known[1:]
		err = setCluster(u, o)
	default:
		return errors.New("the scheme is none of redis, rediss, redis+sentinel, rediss+sentinel, redis+cluster, rediss+cluster and unix")
	}
	if err != nil {
		return err
	}
	if strings.HasPrefix(u.Scheme, "rediss") {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if u.Scheme == "rediss" { // with several hosts, go-redis sets the name of each
			o.TLSConfig.ServerName, _, _ = net.SplitHostPort(o.Addrs[0])
		}
	}
	return setParams(u, o, known)
}

func setUser(u storeurl.URL, o *redis.UniversalOptions) error {
	if u.HasUser && u.Password == "" {
		return errors.New("there is no password before the @: write user:password@, or :password@ for Redis's default user")
	}
	o.Username, o.Password = u.User, u.Password
	return nil
}

func setOne(u storeurl.URL, o *redis.UniversalOptions) (err error) {
	if o.Addrs, err = storeurl.Hosts(u.Hosts, redisPort); err != nil {
		return err
	}
	if len(o.Addrs) > 1 {
		return errors.New("there are several hosts: write redis+sentinel:// or redis+cluster://")
	}
	return setDatabase(u.Path, o)
}

func setSocket(u storeurl.URL, o *redis.UniversalOptions) error {
	if u.Hosts != "" || u.Path == "" {
		return errors.New("the path of the socket is missing: write it after unix:// or after the @, with a slash")
	}
	o.Addrs = []string{"/" + u.Path}
	return nil
}

func setSentinel(u storeurl.URL, o *redis.UniversalOptions) (err error) {
	if o.Addrs, err = storeurl.Hosts(u.Hosts, sentinelPort); err != nil {
		return err
	}
	var database string
	if o.MasterName, database, _ = strings.Cut(u.Path, "/"); o.MasterName == "" {
		return errors.New("the path does not name the master as Sentinel knows it")
	}
	o.SentinelUsername, o.SentinelPassword = u.Params["sentinel_user"], u.Params["sentinel_password"]
	if o.SentinelUsername != "" && o.SentinelPassword == "" {
		return errors.New("there is a sentinel_user but no sentinel_password")
	}
	return setDatabase(database, o)
}

func setCluster(u storeurl.URL, o *redis.UniversalOptions) (err error) {
	o.IsClusterMode = true
	if o.Addrs, err = storeurl.Hosts(u.Hosts, redisPort); err != nil {
		return err
	}
	if u.Path != "" && u.Path != "0" {
		return errors.New("there is a path: leave it out, because a cluster has database 0 only")
	}
	return nil
}

func setDatabase(text string, o *redis.UniversalOptions) error {
	if text == "" {
		return nil
	}
	n, ok := number(text, 1<<20)
	if !ok {
		return errors.New("the database is not a number, 0 or more")
	}
	o.DB = n
	return nil
}

func setParams(u storeurl.URL, o *redis.UniversalOptions, known []string) error {
	for _, verifying := range []string{"skip_verify", "insecure_skip_verify"} {
		if u.Params[verifying] != "" {
			return fmt.Errorf("%s: certificates are always verified. Leave it out, and name the file of your CA in SSL_CERT_FILE", verifying)
		}
	}
	if err := u.Unknown(known...); err != nil {
		return err
	}
	if version := u.Params["protocol"]; version != "" && version != "3" {
		return errors.New("protocol is not 3: leave it out, because Redis reports changes in protocol 3 only")
	}
	if text := u.Params["db"]; text != "" {
		if o.DB != 0 {
			return errors.New("the database is given twice, in the path and as db")
		}
		if err := setDatabase(text, o); err != nil {
			return err
		}
	}
	if text := u.Params["pool_size"]; text != "" {
		n, ok := number(text, maxPool)
		if !ok || n == 0 {
			return fmt.Errorf("pool_size is not a number from 1 to %d", maxPool)
		}
		o.PoolSize = n
	}
	return nil
}

// number parses digits without a sign or leading zeros.
func number(text string, most int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && n <= most && strconv.Itoa(n) == text
}
