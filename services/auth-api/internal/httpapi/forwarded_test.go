package httpapi_test

import (
	"net/netip"
	"testing"

	"auth.books.test/services/auth-api/internal/httpapi"
)

func TestClientAddressIsTheNearestUntrustedOne(t *testing.T) {
	t.Parallel()
	// Google's load balancer is trusted with its own address, which it appends.
	trusted := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("::ffff:192.168.0.0/112"),
		netip.MustParsePrefix("35.191.0.0/16"), netip.MustParsePrefix("203.0.113.80/32"),
	}
	for name, c := range map[string]struct {
		peer  string
		lines []string
		want  string
	}{
		"a stranger is not believed":               {"198.51.100.1", []string{"192.0.2.1"}, "198.51.100.1"},
		"nothing forwarded":                        {"10.0.0.1", nil, "10.0.0.1"},
		"one hop":                                  {"10.0.0.1", []string{"192.0.2.1"}, "192.0.2.1"},
		"the caller invents a hop":                 {"10.0.0.1", []string{"6.6.6.6, 192.0.2.1"}, "192.0.2.1"},
		"the caller invents a line":                {"10.0.0.1", []string{"6.6.6.6", "192.0.2.1"}, "192.0.2.1"},
		"the caller invents many lines":            {"10.0.0.1", []string{"6.6.6.6, 10.1.1.1", "7.7.7.7", "192.0.2.1"}, "192.0.2.1"},
		"the caller claims to be our proxy":        {"10.0.0.1", []string{"10.9.9.9", "192.0.2.1"}, "192.0.2.1"},
		"two proxies, a line each":                 {"10.0.0.1", []string{"192.0.2.1", "10.0.0.2"}, "192.0.2.1"},
		"two proxies, one line":                    {"10.0.0.1", []string{"6.6.6.6,192.0.2.1,10.0.0.2"}, "192.0.2.1"},
		"Google's load balancer":                   {"35.191.4.7", []string{"6.6.6.6,192.0.2.1,203.0.113.80"}, "192.0.2.1"},
		"only proxies of ours":                     {"10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"with a port":                              {"10.0.0.1", []string{"192.0.2.1:51234"}, "192.0.2.1"},
		"a proxy with a port":                      {"10.0.0.1", []string{"192.0.2.1, 10.0.0.2:80"}, "192.0.2.1"},
		"IPv6":                                     {"fd00::1", []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv6, written out":                        {"fd00::1", []string{"2001:DB8:0:0:0:0:0:1"}, "2001:db8::1"},
		"IPv6 in brackets":                         {"fd00::1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		"IPv6 with a port":                         {"fd00::1", []string{"[2001:db8::1]:443, [fd00::2]:80"}, "2001:db8::1"},
		"IPv4 as IPv6":                             {"::ffff:10.0.0.1", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		"IPv4 as IPv6 with a port":                 {"10.0.0.1", []string{"[::ffff:192.0.2.1]:80"}, "192.0.2.1"},
		"a network given as IPv6":                  {"192.168.3.4", []string{"192.0.2.1"}, "192.0.2.1"},
		"a zone":                                   {"fd00::1%eth0", []string{"fe80::1%eth0"}, "fe80::1"},
		"a zone and a port":                        {"fd00::1", []string{"[fe80::1%eth0]:80"}, "fe80::1"},
		"blanks and tabs":                          {"10.0.0.1", []string{" 6.6.6.6 ,\t192.0.2.1 \t"}, "192.0.2.1"},
		"empty elements":                           {"10.0.0.1", []string{"6.6.6.6, 192.0.2.1, ,", "", ", "}, "192.0.2.1"},
		"nothing but commas":                       {"10.0.0.1", []string{",,,"}, "10.0.0.1"},
		"a word":                                   {"10.0.0.1", []string{"unknown"}, "10.0.0.1"},
		"a word before a proxy":                    {"10.0.0.1", []string{"192.0.2.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		"a word before the caller":                 {"10.0.0.1", []string{"nonsense, 192.0.2.1"}, "192.0.2.1"},
		"no address, but four numbers":             {"10.0.0.1", []string{"192.0.2.256"}, "10.0.0.1"},
		"leading zeros, which some read as octal":  {"10.0.0.1", []string{"192.0.2.010"}, "10.0.0.1"},
		"a port that is none":                      {"10.0.0.1", []string{"192.0.2.1:99999"}, "10.0.0.1"},
		"a bracket that is not closed":             {"10.0.0.1", []string{"[2001:db8::1"}, "10.0.0.1"},
		"the address of no machine":                {"10.0.0.1", []string{"0.0.0.0"}, "10.0.0.1"},
		"a network":                                {"10.0.0.1", []string{"192.0.2.0/24"}, "10.0.0.1"},
		"in the words of Forwarded, which is not.": {"10.0.0.1", []string{`for="192.0.2.1"`}, "10.0.0.1"},
	} {
		if got := httpapi.ClientOf(trusted, netip.MustParseAddr(c.peer), c.lines...); got != netip.MustParseAddr(c.want) {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
	if got := httpapi.ClientOf(nil, netip.MustParseAddr("::ffff:192.0.2.1"), "6.6.6.6"); got.String() != "192.0.2.1" {
		t.Errorf("nobody is trusted: %v", got)
	}
}
