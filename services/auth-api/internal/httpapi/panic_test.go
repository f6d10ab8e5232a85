package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/internal/contract"
	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/httpapi"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/passkey"
)

// mistaken is a login that panics, as a mistake in our code would.
type mistaken struct{}

// Password panics.
func (mistaken) Password(context.Context, login.Attempt) (login.Opened, error) { panic("a mistake") }

// BeginPasskey panics.
func (mistaken) BeginPasskey(context.Context, string) (passkey.Begun, error) { panic("a mistake") }

// Ways panics.
func (mistaken) Ways(context.Context, string) (login.Ways, error) { panic("a mistake") }

// Passkey panics.
func (mistaken) Passkey(context.Context, login.PasskeyAttempt) (login.Opened, error) {
	panic("a mistake")
}

// SecondStep panics.
func (mistaken) SecondStep(context.Context, login.SecondAttempt) (login.Opened, error) {
	panic("a mistake")
}

// A page must be able to read the answer to a panic, in the route's own form of errors.
func TestPanicIsAnErrorInTheRoutesForm(t *testing.T) {
	t.Parallel()
	log := &devtest.Output{}
	server, err := httpapi.New(httpapi.Options{
		Sessions: newDoor(t), Verifier: newDoor(t), Login: mistaken{}, PasswordGrant: true, MaxConnections: 100, CORSOrigins: []string{"https://shop.test"},
		Log: slog.New(slog.NewJSONHandler(log, nil)), Metrics: prometheus.NewRegistry(), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Shutdown(context.Background())
		_ = l.Close() // A server that has not begun to serve does not know its listener yet.
		<-ended
	})
	client := &http.Client{Transport: &contract.Transport{Documents: &contract.Documents{}, OnFault: func(err error) { t.Error(err) }}}
	for path, c := range map[string]struct{ contentType, body, want string }{
		"/v1/sessions": {"application/json", `{"email":"ada@books.test","password":"four words and more"}`, `"code":"internal"`},
		"/oauth/token": {"application/x-www-form-urlencoded", "grant_type=password&username=ada%40books.test&password=four+words", `"error":"server_error"`},
	} {
		for origin, allowed := range map[string]string{"https://shop.test": "https://shop.test", "https://evil.test": ""} {
			r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+l.Addr().String()+path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", c.contentType)
			r.Header.Set("Origin", origin)
			r.Close = true
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			h, body := response.Header, string(raw)
			if err != nil || response.StatusCode != 500 || !strings.Contains(body, c.want) || !strings.HasSuffix(body, "}\n") || strings.Contains(body, "mistake") ||
				h.Get("Access-Control-Allow-Origin") != allowed || h.Get("Vary") != "Origin" {
				t.Errorf("%s from %s: %v, %d %s\n%v", path, origin, err, response.StatusCode, body, h)
			}
		}
	}
	if strings.Count(log.String(), "a mistake") != 4 {
		t.Errorf("the log: %s", log)
	}
}
