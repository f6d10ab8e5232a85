package main_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"auth.books.test/internal/servicetest"
)

func TestSaysEveryFaultOfTheSettingsInALine(t *testing.T) {
	t.Parallel()
	out, err := runWith(t, settings{"AUTH_DB_PORT": "tcp://10.0.0.1:5432", "SESSION_IDLE_LIFETIME": "soon", "SESSION_DB_TOKEN_KEY": "secret-that-stays-secret", "AUTH_API_CORS_ORIGINS": "*"}, "serve")
	if err == nil {
		t.Fatal("it served")
	}
	for _, variable := range []string{"AUTH_DB_PORT: ", "AUTH_DB_USER: ", "SESSION_DB_HOST: ", "SESSION_IDLE_LIFETIME: ", "SESSION_DB_TOKEN_KEY: ", "AUTH_API_SERVICE_KEY: ", "AUTH_API_CORS_ORIGINS: "} {
		if strings.Count("\n"+out, "\n"+variable) != 1 {
			t.Errorf("not one line of %s in:\n%s", variable, out)
		}
	}
	if strings.Contains(out, "stays-secret") {
		t.Errorf("a secret is printed:\n%s", out)
	}
}

func TestPrintsTheSettingsWithSecretsMasked(t *testing.T) {
	t.Parallel()
	out, err := runWith(t, settings{"AUTH_DB_USER": "auth", "AUTH_DB_PASSWORD": "hush-1", "SESSION_DB_HOST": "session-db", "SESSION_DB_PASSWORD": "hush-2", "SESSION_DB_TOKEN_KEY": tokenKey, "AUTH_API_SERVICE_KEY": serviceKey}, "config")
	if err != nil || !strings.Contains(out, "AUTH_DB_PASSWORD=********\n") || !strings.Contains(out, "SESSION_IDLE_LIFETIME=12h0m0s\n") {
		t.Errorf("%v:\n%s", err, out)
	}
	if strings.Contains(out, "hush") || strings.Contains(out, tokenKey[3:]) || strings.Contains(out, serviceKey[3:]) {
		t.Errorf("a secret is printed:\n%s", out)
	}
}

func TestTakenPortIsOneClearLine(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, args := range [][]string{{"serve"}, {"dev", "--dir", t.TempDir()}} {
		out, err := servicetest.Run(devBinary(t), settings{
			"AUTH_DB_URL": "postgres://u:p@127.0.0.1:1/auth", "SESSION_DB_URL": "redis://127.0.0.1:1", "SESSION_DB_TOKEN_KEY": tokenKey, "AUTH_API_SERVICE_KEY": serviceKey,
			"AUTH_API_ADDR": l.Addr().String(),
		}, args...)
		if want := l.Addr().String() + " is taken: stop what listens there, or set AUTH_API_ADDR to another address\n"; err == nil || out != want {
			t.Errorf("%v: %v, %q, want %q", args, err, out, want)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	if out, err := runWith(t, settings{}, "version"); err != nil || !strings.HasPrefix(out, "auth-api ") {
		t.Errorf("version: %v, %s", err, out)
	}
	out, err := runWith(t, settings{}, "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"serve", "schema", "config", "version", "account"} {
		if !strings.Contains(out, "\n  "+command) {
			t.Errorf("help lacks %s:\n%s", command, out)
		}
	}
	if out, err := runWith(t, settings{}, "nonsense"); err == nil {
		t.Errorf("ran nonsense: %s", out)
	}
}

// Before a store is started, and in the words of `serve`.
func TestDevSaysWhatIsWrongWithAGivenStore(t *testing.T) {
	t.Parallel()
	out, err := runDev(t, settings{"AUTH_DB_URL": "postgres://u:hu#sh@h/auth", "SESSION_DB_URL": "redis://u:hu/sh@h", "AUTH_API_ADDR": "127.0.0.1:0"}, "--dir", t.TempDir())
	if err == nil || strings.Count(out, "\n") != 2 || !strings.Contains(out, "AUTH_DB_URL: it holds a #") || !strings.Contains(out, "\nSESSION_DB_URL: ") || strings.Contains(out, "hu/sh") || strings.Contains(out, "hu#sh") {
		t.Errorf("%v:\n%s", err, out)
	}
}

// What is set in any way of writing is what browsers send.
func TestOriginsMatchAsBrowsersSendThem(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) {
		s["AUTH_API_CORS_ORIGINS"] = "HTTPS://Shop.test:443, https://bücher.test,http://[0:0:0:0:0:0:0:1]:80,capacitor://localhost"
	})
	for _, origin := range []string{"https://shop.test", "https://xn--bcher-kva.test", "http://[::1]", "capacitor://localhost", "https://other.test"} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", a.url+"/livez", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", origin)
		want := origin
		if origin == "https://other.test" {
			want = ""
		}
		if got := a.send(r).header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: allowed is %q", origin, got)
		}
	}
}

func TestVariablesThatOnlyLookLikeSettingsAreInTheLog(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_TLS_CERTIFICATE"], s["AUTH_API_SERVICE_HOST"] = "hush", "10.0.0.1" })
	if log := a.log.String(); !strings.Contains(log, `"variable":"AUTH_API_TLS_CERTIFICATE"`) || strings.Contains(log, "AUTH_API_SERVICE_HOST") || strings.Contains(log, "hush") {
		t.Errorf("the log:\n%s", log)
	}
}
