package storeurl_test

import (
	"net/url"
	"strings"
	"testing"

	"auth.books.test/verify/storeurl"
)

// What net/url accepts of a URL with one host means the same here.
func FuzzParseMeansWhatNetURLMeans(f *testing.F) {
	for _, seed := range []string{
		"redis://default:secret@localhost:6379/0", "rediss://a:b@[::1]:6379", "unix://a:b@/run/redis.sock?db=0", "postgres://a:p%40ss@h/db?sslmode=disable",
		"redis://a:p@ss@h", "redis://a:p#ss@h", "redis://h/%zz", "redis://a:b@h1,h2:6380/1?x=1&x=2", "redis:// h", "://", "a:://h", "redis://%00@h", "postgres:///db?host=/run",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		ours, err := storeurl.Parse(raw)
		if err != nil {
			return
		}
		if _, err := storeurl.Hosts(ours.Hosts, 6379); err != nil {
			return
		}
		theirs, err := url.Parse(raw)
		if err != nil || strings.Contains(ours.Hosts, ",") {
			return
		}
		password, has := theirs.User.Password()
		if ours.Scheme != theirs.Scheme || ours.User != theirs.User.Username() || ours.Password != password || ours.HasPassword != has || ours.Hosts != theirs.Host {
			t.Errorf("%+v, and %+v for net/url: %q", ours, theirs, raw)
		}
		for name, value := range ours.Params {
			// A plus sign stays one here.
			if got := theirs.Query().Get(name); !strings.Contains(raw, "+") && !strings.Contains(raw, ";") && got != value {
				t.Errorf("%s is %q, and %q for net/url: %q", name, value, got, raw)
			}
		}
	})
}
