package verify_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"auth.books.test/verify"
)

// live is a token of the right form.
const live = "bat_k1_00000000000000000000000000000000000000000002orfz3"

const active = `{"active":true,"scope":"books:read books:write","username":"ada@books.test","name":"Ada","token_type":"Bearer","exp":4102444800,"iat":1700000000,
	"sub":"01a20cde-60c7-7b5a-afaa-bf4c69d1787c","aud":"books","sid":"01a20cde-6bd3-7531-8ac9-b1636fb1cb55"}`

// answering is an auth-api that always sends the same response.
func answering(t *testing.T, status int, contentType, body string) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func newRemote(t *testing.T, url string, change ...func(*verify.RemoteOptions)) *verify.Remote {
	t.Helper()
	o := verify.RemoteOptions{URL: url, ClientID: "id", ClientSecret: "secret"}
	for _, c := range change {
		c(&o)
	}
	r, err := verify.NewRemote(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRemoteReturnsThePrincipalOfTheResponse(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "application/json; charset=utf-8", active)
	got, err := newRemote(t, url).Verify(t.Context(), live)
	ends := time.Unix(4102444800, 0).UTC()
	want := &verify.Principal{
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: "ada@books.test", Name: "Ada"},
		Audiences: []string{"books"}, Scopes: []string{"books:read", "books:write"}, IssuedAt: time.Unix(1700000000, 0).UTC(), ExpiresAt: ends, IdleExpiresAt: ends,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestRemoteSendsARequestOfRFC7662(t *testing.T) {
	t.Parallel()
	var seen *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		seen = r
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"active":false}`))
	}))
	t.Cleanup(server.Close)
	r := newRemote(t, server.URL+"/auth/", func(o *verify.RemoteOptions) { o.ClientID, o.ClientSecret = "my id", "a:b%c" })
	if _, err := r.Verify(t.Context(), live); !errors.Is(err, verify.ErrInvalidToken) {
		t.Fatal(err)
	}
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("my+id:a%3Ab%25c")); seen.Header.Get("Authorization") != want {
		t.Errorf("Authorization: %s, want %s", seen.Header.Get("Authorization"), want)
	}
	if seen.Method != "POST" || seen.URL.String() != "/auth/oauth/introspect" || seen.PostForm.Encode() != (url.Values{"token": {live}}).Encode() || seen.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("%s %s %v %v", seen.Method, seen.URL, seen.PostForm, seen.Header)
	}
	if _, sent := seen.Header["Idempotency-Key"]; sent {
		t.Error("Idempotency-Key was sent")
	}
}

func TestRemoteCallsOnlyDeadTokensInvalid(t *testing.T) {
	t.Parallel()
	const asJSON = "application/json"
	without := func(field string) string {
		// Renames one field of the response.
		return strings.Replace(active, `"`+field+`"`, `"x"`, 1)
	}
	for name, c := range map[string]struct {
		status            int
		contentType, body string
		want              error
	}{
		"inactive":                  {200, asJSON, `{"active":false}`, verify.ErrInvalidToken},
		"active but ended":          {200, asJSON, strings.Replace(active, "4102444800", "1700000001", 1), verify.ErrInvalidToken},
		"audiences in a list":       {200, asJSON, strings.Replace(active, `"books"`, `["books","shop"]`, 1), nil},
		"no name":                   {200, asJSON, without("name"), nil},
		"no scope":                  {200, asJSON, without("scope"), nil},
		"no active":                 {200, asJSON, without("active"), verify.ErrUnavailable},
		"active is a word":          {200, asJSON, `{"active":"false"}`, verify.ErrUnavailable},
		"active is null":            {200, asJSON, `{"active":null}`, verify.ErrUnavailable},
		"no sub":                    {200, asJSON, without("sub"), verify.ErrUnavailable},
		"no sid":                    {200, asJSON, without("sid"), verify.ErrUnavailable},
		"no username":               {200, asJSON, without("username"), verify.ErrUnavailable},
		"no aud":                    {200, asJSON, without("aud"), verify.ErrUnavailable},
		"no exp":                    {200, asJSON, without("exp"), verify.ErrUnavailable},
		"half an answer":            {200, asJSON, active[:len(active)/2], verify.ErrUnavailable},
		"two answers":               {200, asJSON, `{"active":false}{"active":false}`, verify.ErrUnavailable},
		"nothing":                   {200, asJSON, "", verify.ErrUnavailable},
		"an HTML page":              {200, "text/html", `{"active":false}`, verify.ErrUnavailable},
		"no type":                   {200, "", `{"active":false}`, verify.ErrUnavailable},
		"too large":                 {200, asJSON, `{"active":false,"x":"` + strings.Repeat("x", 20<<10) + `"}`, verify.ErrUnavailable},
		"the client is refused":     {401, asJSON, `{"error":"invalid_client"}`, verify.ErrUnavailable},
		"the request is refused":    {400, asJSON, `{"active":false}`, verify.ErrUnavailable},
		"forbidden":                 {403, asJSON, `{"active":false}`, verify.ErrUnavailable},
		"not found":                 {404, asJSON, `{"active":false}`, verify.ErrUnavailable},
		"a store does not answer":   {503, asJSON, `{"error":"temporarily_unavailable"}`, verify.ErrUnavailable},
		"a proxy without upstreams": {502, "text/html", "<h1>Bad gateway</h1>", verify.ErrUnavailable},
		"another 2xx":               {202, asJSON, `{"active":false}`, verify.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, asked := answering(t, c.status, c.contentType, c.body)
			got, err := newRemote(t, url).Verify(t.Context(), live)
			if !errors.Is(err, c.want) || c.want == nil && got.Email != "ada@books.test" || c.want != nil && got != nil {
				t.Errorf("%+v, %v; want %v", got, err, c.want)
			}
			if c.want == verify.ErrUnavailable && errors.Is(err, verify.ErrInvalidToken) {
				t.Errorf("reported as invalid: %v", err)
			}
			if asked.Load() != 1 || err != nil && (strings.Contains(err.Error(), live) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "ada@")) {
				t.Errorf("asked %d times, %v", asked.Load(), err)
			}
		})
	}
}

func TestRemoteDoesNotAskAboutNonsense(t *testing.T) {
	t.Parallel()
	url, asked := answering(t, 200, "application/json", active)
	r := newRemote(t, url)
	for _, s := range []string{"", "nonsense", live[:len(live)-1], live[:20] + "1" + live[21:], "bcs_" + live[4:]} {
		if _, err := r.Verify(t.Context(), s); !errors.Is(err, verify.ErrInvalidToken) {
			t.Errorf("%s: %v", s, err)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestRemoteFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	elsewhere, asked := answering(t, 200, "application/json", active)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere, status))
		t.Cleanup(server.Close)
		for name, client := range map[string]*http.Client{"its own client": nil, "a given one": {}} {
			r := newRemote(t, server.URL, func(o *verify.RemoteOptions) { o.HTTPClient = client })
			if _, err := r.Verify(t.Context(), live); !errors.Is(err, verify.ErrUnavailable) || !strings.Contains(err.Error(), fmt.Sprint(status)) {
				t.Errorf("%d, %s: %v", status, name, err)
			}
		}
	}
	if asked.Load() != 0 {
		t.Error("the credentials were sent to another server")
	}
}

func TestRemoteTimesOutWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
	}))
	t.Cleanup(endless.Close)
	for name, url := range map[string]string{"silent": "http://" + silent.Addr().String(), "closed": "http://" + closed.Addr().String(), "endless": endless.URL} {
		began := time.Now()
		_, err := newRemote(t, url, func(o *verify.RemoteOptions) { o.Timeout = 300 * time.Millisecond }).Verify(t.Context(), live)
		if took := time.Since(began); !errors.Is(err, verify.ErrUnavailable) || errors.Is(err, verify.ErrInvalidToken) || took > 2*time.Second {
			t.Errorf("%s: after %v: %v", name, took, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newRemote(t, endless.URL).Verify(ctx, live); !errors.Is(err, verify.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled caller: %v", err)
	}
}

func TestRemoteReusesItsConnections(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(active))
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	r := newRemote(t, server.URL)
	const callers = 16
	for range 20 {
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				if _, err := r.Verify(t.Context(), live); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	// With net/http's default of two idle connections there would be some 280.
	if n := opened.Load(); n > 3*callers {
		t.Errorf("%d connections for %d callers", n, callers)
	}
}

// A server that restarts closes its idle connections. Callers must not see an error.
func TestRemoteRetriesWhenAnIdleConnectionWasClosed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(active))
	}))
	t.Cleanup(server.Close)
	r := newRemote(t, server.URL)
	for range 100 {
		if _, err := r.Verify(t.Context(), live); err != nil {
			t.Fatal(err)
		}
		server.CloseClientConnections()
	}
}

func TestRemoteRefusesOptionsThatCannotWork(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]verify.RemoteOptions{
		"no URL":         {ClientID: "a", ClientSecret: "hush"},
		"no scheme":      {URL: "auth.books.test", ClientID: "a", ClientSecret: "hush"},
		"another scheme": {URL: "redis://auth.books.test", ClientID: "a", ClientSecret: "hush"},
		"a user in it":   {URL: "http://u:hush@auth.books.test", ClientID: "a", ClientSecret: "hush"},
		"parameters":     {URL: "http://auth.books.test?a=hush", ClientID: "a", ClientSecret: "hush"},
		"control bytes":  {URL: "http://auth.books.test/\x00hush", ClientID: "a", ClientSecret: "hush"},
		"no client":      {URL: "http://auth.books.test", ClientSecret: "hush"},
		"no secret":      {URL: "http://auth.books.test", ClientID: "hush"},
	} {
		if r, err := verify.NewRemote(o); err == nil || r != nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPingReportsWhetherTheClientIsAccepted(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{200: true, 401: false, 503: false} {
		url, _ := answering(t, status, "application/json", `{"active":false}`)
		if err := newRemote(t, url).Ping(t.Context()); (err == nil) != want {
			t.Errorf("%d: %v", status, err)
		}
	}
}
