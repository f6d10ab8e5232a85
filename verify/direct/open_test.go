package direct_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify/direct"
)

func TestRedisURLsAreParsed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		url      string
		hosts    []string
		db       int
		user, pw string
	}{
		{"redis://host", []string{"host:6379"}, 0, "", ""},
		{"REDIS://Host:1/", []string{"Host:1"}, 0, "", ""},
		{"redis://[::1]", []string{"[::1]:6379"}, 0, "", ""},
		{"redis://[fe80::1%25eth0]:7/2", []string{"[fe80::1%eth0]:7"}, 2, "", ""},
		{"redis://10.0.0.1:65535?db=3", []string{"10.0.0.1:65535"}, 3, "", ""},
		{"redis://:p+w%23%2F%3F%40%25%3A:x@host/0", []string{"host:6379"}, 0, "", "p+w#/?@%::x"},
		{"redis://us%40er:pw@host.", []string{"host.:6379"}, 0, "us@er", "pw"},
		{"unix://user:pw@/run/redis.sock?db=4", []string{"/run/redis.sock"}, 4, "user", "pw"},
		{"redis+cluster://node", []string{"node:6379"}, 0, "", ""},
		{"rediss+cluster://u:pw@node-1,[2001:db8::1]:7,10.0.0.1:8", []string{"node-1:6379", "[2001:db8::1]:7", "10.0.0.1:8"}, 0, "u", "pw"},
	} {
		client, err := direct.Open(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		t.Cleanup(func() { _ = client.Close() })
		var hosts []string
		var db int
		var user, pw string
		switch client := client.(type) {
		case *redis.Client:
			o := client.Options()
			hosts, db, user, pw = []string{o.Addr}, o.DB, o.Username, o.Password
		case *redis.ClusterClient:
			o := client.Options()
			hosts, user, pw = o.Addrs, o.Username, o.Password
		}
		slices.Sort(hosts) // a cluster's are shuffled
		slices.Sort(c.hosts)
		if !slices.Equal(hosts, c.hosts) || db != c.db || user != c.user || pw != c.pw {
			t.Errorf("%s: hosts %q, database %d, user %q, password %q", c.url, hosts, db, user, pw)
		}
	}
	for _, url := range []string{
		"redis+sentinel://s-1,[::1],10.0.0.1:7/main", "rediss+sentinel://u:pw@s-1:1/main/3?sentinel_user=s&sentinel_password=a+b%26", "redis+sentinel://s/main?pool_size=10000&protocol=3", "redis+cluster://a,b/0",
	} {
		if err := direct.CheckURL(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestErrorsOfRedisURLsNameThePart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, says string }{
		{"", "does not begin with a scheme"},
		{"host:6379", "does not begin with a scheme"},
		{"hush@host://x", "does not begin with a scheme"},
		{"http://host", "the scheme is none of"},
		{"redis+://host", "the scheme is none of"},
		{"+sentinel://host/main", "the scheme is none of"},
		{"redis+sentinel+cluster://host", "the scheme is none of"},
		{"redis+unix://host", "the scheme is none of"},
		{"unix+cluster:///run/x", "the scheme is none of"},
		{"redis+SENTINEL://s/", "does not name the master"},
		{" redis://host", "a blank or a line break"},
		{"redis://host\n", "a blank or a line break"},
		{"redis://u:hush hush@host", "a blank or a line break"},
		{`"redis://host"`, "the scheme is none of"},
		{"redis://", "the host part is empty"},
		{"redis://:hush@", "the host part is empty"},
		{"redis:///0", "the host part is empty"},
		{"redis://u:hu#sh@host", "write # as %23"},
		{"redis://u:hu/sh@host", "write @ as %40, / as %2F"},
		{"redis://u:hu?sh@host", "write @ as %40, / as %2F"},
		{"redis://u:hu@sh@host", "write @ as %40, / as %2F"},
		{"redis://u:hush@a,u:hush@b", "write @ as %40, / as %2F"},
		{"redis://u:50%hush@host", "write % itself as %25"},
		{"redis://u:hush%@host", "write % itself as %25"},
		{"redis://u:hush%00@host", "%00"},
		{"redis://u:hush/x", "the host: the port is not a number"},
		{"redis://u@host", "no password before the @"},
		{"redis://u:@host", "no password before the @"},
		{"redis://@host", "no password before the @"},
		{"redis://host:0", "the host: the port is not a number from 1 to 65535"},
		{"redis://host:", "the host: the port is not"},
		{"redis://host:65536", "the host: the port is not"},
		{"redis://host:+1", "the host: the port is not"},
		{"redis://host:007", "the host: the port is not"},
		{"redis://host:port", "the host: the port is not"},
		{"redis://::1:6379", "write an IPv6 address in brackets"},
		{"redis://[::1", "bracket is not closed"},
		{"redis://[::1]6379", "only a colon and a port"},
		{"redis://[host]", "not an IPv6 address"},
		{"redis://[127.0.0.1]", "not an IPv6 address"},
		{"redis://10.0.0.256", "not an IPv4 address"},
		{"redis://10.0.1", "not an IPv4 address"},
		{"redis://-host", "not a host name"},
		{"redis://ho..st", "not a host name"},
		{"redis://bücher.test", "xn--"},
		{"redis://*", "not a host name"},
		{"redis://$(HOST)", "not a host name"},
		{"redis://a,b", "redis+sentinel:// or redis+cluster://"},
		{"redis+cluster://a,,b", "host 2 of 3: it is empty"},
		{"redis+cluster://a,", "host 2 of 2: it is empty"},
		{"redis+cluster://a:1,b:x", "host 2 of 2: the port is not"},
		{"redis+cluster://a/1", "a cluster has database 0 only"},
		{"redis+cluster://a?db=1", "parameter 1 after the ? is unknown"},
		{"redis+sentinel://s", "does not name the master"},
		{"redis+sentinel://s//0", "does not name the master"},
		{"redis+sentinel://s/main/x", "the database is not a number"},
		{"redis+sentinel://s/main?sentinel_user=hush", "no sentinel_password"},
		{"redis+sentinel://s/main?sentinel_password=hu@sh", "write @ as %40"},
		{"redis://host/zero", "the database is not a number"},
		{"redis://host/-1", "the database is not a number"},
		{"redis://host/+1", "the database is not a number"},
		{"redis://host/01", "the database is not a number"},
		{"redis://host/0/1", "the database is not a number"},
		{"redis://host/99999999999999999999", "the database is not a number"},
		{"redis://host/1?db=2", "given twice"},
		{"redis://host?db=1&db=2", "parameter 2 after the ? was there before"},
		{"redis://host?db=", "parameter 1 after the ? is not name=value"},
		{"redis://host?hush", "parameter 1 after the ? is not name=value"},
		{"redis://host?db=1&hush=x", "parameter 2 after the ? is unknown: known are db, pool_size"},
		{"redis://host?protocol=2", "protocol is not 3"},
		{"rediss://host?skip_verify=true", "certificates are always verified"},
		{"redis://host?pool_size=0", "pool_size is not"},
		{"redis://host?pool_size=1e3", "pool_size is not"},
		{"unix://run/redis.sock", "the path of the socket"},
		{"unix://", "the path of the socket"},
	} {
		_, err := direct.Open(c.url)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), ". Example: ") {
			t.Errorf("%s: %v, want … %s … Example", c.url, err, c.says)
		}
		if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "sh@") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: shows a secret, or is more than a line: %v", c.url, err)
		}
	}
}

// An escaped password may have any characters. If it is not escaped, the error shows no
// part of it.
func FuzzNoPartOfAPasswordIsShown(f *testing.F) {
	for _, seed := range []string{"#hushhush", "hush/hush", "hush?hush", "hush@hush", "%hushhush", "hush:hush", "hush,hush", "hush&hush=hush", "[hush]hush", "hush hush", "hush\x00", "+hush"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		// The test looks for the marker in the error.
		const marker = "Xq7Zw3"
		for _, scheme := range []string{"redis", "rediss", "redis+sentinel", "redis+cluster", "unix", "postgres"} {
			for _, url := range []string{scheme + "://user:" + password + marker + "@host:6379/main", scheme + "://user:" + marker + password + "@host", scheme + "://" + password + marker, scheme + "://host/" + marker + password, scheme + "://host?" + password + marker + "=" + marker} {
				if err := direct.CheckURL(url); err != nil && strings.Contains(err.Error(), marker) {
					t.Errorf("%q: %v", url, err)
				}
			}
		}
	})
}
