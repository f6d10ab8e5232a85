package setting_test

import (
	"fmt"
	"testing"

	"auth.books.test/internal/setting"
)

// kind is what all kinds of settings have in common.
type kind interface{ Decode(string) error }

func TestEqualValuesAreNormalisedAlike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind        kind
		given, want string
	}{
		{new(setting.Address), ":8000", ":8000"}, {new(setting.Address), "[::1]:8000", "[::1]:8000"}, {new(setting.Address), "[fe80::1%eth0]:1", "[fe80::1%eth0]:1"},
		{new(setting.Address), "localhost:0", "localhost:0"}, {new(setting.Address), "0.0.0.0:65535", "0.0.0.0:65535"}, {new(setting.Address), "[::]:80", "[::]:80"},
		{new(setting.Number), "0", "0"}, {new(setting.Number), "1073741824", "1073741824"},
		{new(setting.Port), "65535", "65535"}, {new(setting.Duration), "1h30m", "1h30m0s"}, {new(setting.Duration), "0", "0s"}, {new(setting.Duration), "1.5s", "1.5s"},
		{new(setting.Rate), "30/10m", "30/10m0s"}, {new(setting.Rate), "1/1s", "1/1s"}, {new(setting.Rate), "1000000/24h", "1000000/24h0m0s"}, {new(setting.Rate), "off", "off"},
		{new(setting.Toggle), "TRUE", "true"}, {new(setting.Toggle), "0", "false"}, {new(setting.Level), "warn", "WARN"}, {new(setting.Level), "Debug", "DEBUG"},
		{new(setting.Networks), "10.1.2.3/8", "10.0.0.0/8"}, {new(setting.Networks), "10.1.2.3", "10.1.2.3/32"}, {new(setting.Networks), "::1 , fd00::1/8", "::1/128,fd00::/8"},
		{new(setting.Networks), "::ffff:10.1.2.3/104", "10.0.0.0/8"}, {new(setting.Networks), "::ffff:10.1.2.3", "10.1.2.3/32"}, {new(setting.Networks), "10.0.0.0/8,10.1.0.0/8", "10.0.0.0/8"},
		{new(setting.Origin), "HTTPS://Shop.Test:443", "https://shop.test"}, {new(setting.Origin), "http://[::1]:8000", "http://[::1]:8000"},
		{new(setting.Origins), "https://shop.test:443,http://shop.test:80", "https://shop.test,http://shop.test"}, {new(setting.Origins), "http://shop.test:443", "http://shop.test:443"},
		{new(setting.Origins), "https://Bücher.test, https://faß.test", "https://xn--bcher-kva.test,https://xn--fa-hia.test"}, {new(setting.Origins), "https://例え.テスト:8443", "https://xn--r8jz45g.xn--zckzah:8443"},
		{new(setting.Origins), "http://[0:0:0:0:0:0:0:1]:80", "http://[::1]"}, {new(setting.Origins), "http://[2001:DB8::A]", "http://[2001:db8::a]"}, {new(setting.Origins), "http://[::ffff:10.0.0.1]", "http://[::ffff:a00:1]"},
		{new(setting.Origins), "https://a.test,https://A.test", "https://a.test"}, {new(setting.Origins), "https://books.test.", "https://books.test."}, {new(setting.Origins), "http://my_host", "http://my_host"},
		{new(setting.Origins), "capacitor://localhost,CHROME-EXTENSION://abcdefghijklmnopabcdefghijklmnop", "capacitor://localhost,chrome-extension://abcdefghijklmnopabcdefghijklmnop"},
		{new(setting.Origins), "moz-extension://3c6bf55e-4a25-4b5b-9d24-6ae0a1a4ba3b,tauri://localhost,ionic://localhost", "moz-extension://3c6bf55e-4a25-4b5b-9d24-6ae0a1a4ba3b,tauri://localhost,ionic://localhost"},
		{new(setting.BaseURL), "https://Auth.test/base/", "https://auth.test/base/"}, {new(setting.BaseURL), "http://127.0.0.1:8000", "http://127.0.0.1:8000"},
		{new(setting.Colour), "#0B57d0", "#0b57d0"},
		{new(setting.Text), "a b", "a b"}, {new(setting.Secret), " a\t ", "********"},
	} {
		err := c.kind.Decode(c.given)
		got := fmt.Sprint(c.kind)
		switch k := c.kind.(type) {
		case *setting.Address:
			got = string(*k)
		case *setting.BaseURL:
			got = string(*k)
		case *setting.Text:
			got = string(*k)
		case *setting.Colour:
			got = string(*k)
		}
		if err != nil || got != c.want {
			t.Errorf("%T %q: %q, %v; want %q", c.kind, c.given, got, err, c.want)
		}
	}
}

func TestOddValuesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   func() kind
		values []string
	}{
		"addresses": {func() kind { return new(setting.Address) }, []string{
			"8000", "localhost", "::1:8000", "[::1]", "127.0.0.1:", ":http", ":65536", ":-1", ":+80", ":080", ":8000 ", " :8000", "*:8000", "http://127.0.0.1:8000", "tcp://10.0.0.1:80", "10.0.0.256:80", "a b:80", "a/b:80", "[host]:80x",
		}},
		"numbers": {func() kind { return new(setting.Number) }, []string{"", "-1", "+1", "01", "0x10", "1_000", "1e3", "1.0", " 1", "1 ", "ten", "1073741825", "99999999999999999999", "１"}},
		"ports":   {func() kind { return new(setting.Port) }, []string{"0", "-1", "+1", "080", "65536", "http", "0x50", " 80", "80/tcp", "5432,5433"}},
		"durations": {func() kind { return new(setting.Duration) }, []string{
			"5", "-1s", "-0s", "+5s", "1d", "1w", "5 s", "s", "1h30", "5sec", "9999999999h", "99999999999999999999s", "1,5s", "0x5s",
		}},
		"rates": {func() kind { return new(setting.Rate) }, []string{
			"", "30", "/", "30/", "/10m", "30/10", "0/10m", "-1/10m", "+1/10m", "01/10m", "1.5/10m", "1000001/1m", "30/0s", "30/999ms", "30/1.5s", "30/25h", "30/-1m", "30/10m/2", " 30/10m", "30 / 10m", "OFF", "Off", "none", "0", "unlimited", "3e1/1m",
		}},
		"toggles": {func() kind { return new(setting.Toggle) }, []string{"yes", "on", "2", "-1", "tRuE", " true", "enabled"}},
		"levels":  {func() kind { return new(setting.Level) }, []string{"loud", "warning", "info+2", "-4", "INFO-1", " info", "trace"}},
		"networks": {func() kind { return new(setting.Networks) }, []string{
			"10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "/8", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.1:80", "10.0.0.0-10.0.0.9", "10.*", "*", "proxy.test", "fe80::1%eth0", "fe80::%eth0/64", "0.0.0.0/0", "::/0", "10.0.0.0/8,,::1", "10.0.0.0/8,",
			"10.0.0.0/8 192.168.0.0/16", "::ffff:0.0.0.0/96",
		}},
		"issuers": {func() kind { return new(setting.Origin) }, []string{
			"auth.test", "https://", "https://auth.test/", "https://auth.test/a", "https://auth.test?a", "https://auth.test#a", "https://a:b@auth.test", "ftp://auth.test", "https://auth.test:", "https://auth.test:0", "https://auth.test:65536",
			"https://auth test", "https:/auth.test", "https:auth.test", "https://*.auth.test", "https://[::1", "https://[::1%25eth0]", "https://::1", "https://10.0.1", "https://a,b", "capacitor://localhost", `"https://auth.test"`,
		}},
		"origins": {func() kind { return new(setting.Origins) }, []string{
			"*", "null", "https://*.books.test", "https://books.test/", "books.test", "//books.test", "file://", "file:///x", "data:x", "ws://books.test", "htps://books.test", "https://a.test,,https://b.test", "https://a.test,", "https://a.test https://b.test",
			"https://a.test;https://b.test", "https://127.1", "https://0x7f.1", "https://bu\u00adcher.test:x", "capacitor://", "capacitor://a/b", "chrome-extension://a:1", "chrome-extension://*", "https://-a.test", "https://a..test", "https://xn--a.test\u00e4\ufffd",
		}},
		"base URLs": {func() kind { return new(setting.BaseURL) }, []string{"auth.test", "https://", "https://a:b@auth.test", "https://auth.test?x", "https://auth.test/a?x", "https://auth.test/a#x", "https://auth.test/a b", "https://auth.test/%zz", "ftp://auth.test"}},
		"colours":   {func() kind { return new(setting.Colour) }, []string{"", "#fff", "0b57d0", "#0b57d", "#0b57d00", "#0b57dg", " #0b57d0", "#-b57d0", "blue", "rgb(0,0,0)", "#0b57d0;x"}},
		"texts":     {func() kind { return new(setting.Text) }, []string{" a", "a ", "a\n", "a\tb", "a\x00", "\xff", "a\x7fb"}},
		"secrets":   {func() kind { return new(setting.Secret) }, []string{"a\nb", "a\r\nb", "a\x00b", "\ufeffa", "\xff\xfea\x00", "\xfe\xff\x00a"}},
	} {
		for _, value := range c.values {
			if k := c.kind(); k.Decode(value) == nil {
				t.Errorf("%s: takes %q as %v", name, value, k)
			}
		}
	}
}
