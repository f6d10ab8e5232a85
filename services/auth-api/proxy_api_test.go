package main_test

import (
	"bufio"
	"crypto/sha1" //nolint:gosec // RFC 6455 asks for it.
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// books is an API behind a proxy, which remembers what reached it.
type books struct {
	addr string
	mu   sync.Mutex
	seen []reached
}

// reached is a request as the API sees it.
type reached struct {
	method, uri, body string
	header, trailer   http.Header
}

func newBooks(t *testing.T) *books {
	b := &books{}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.addr = server.Listener.Addr().String()
	return b
}

func (b *books) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		b.remember(reached{method: r.Method, uri: r.RequestURI, header: r.Header.Clone()})
		upgrade(w, r)
		return
	}
	hash := sha256.New()
	n, err := io.Copy(hash, r.Body)
	if err != nil {
		http.Error(w, "the body broke off", http.StatusBadRequest)
		return
	}
	b.remember(reached{r.Method, r.RequestURI, fmt.Sprint(n, " ", hex.EncodeToString(hash.Sum(nil))), r.Header.Clone(), r.Trailer.Clone()})
	_, _ = io.WriteString(w, "here you are")
}

func (b *books) remember(r reached) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = append(b.seen, r)
}

// upgrade agrees to a websocket (RFC 6455, section 4.2.2) and sends back every
// byte that comes.
func upgrade(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	accept := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(accept[:]))
	_, _ = io.Copy(conn, buffered)
}

func (b *books) forget() { b.take() }

// take gives what was seen since it was last asked.
func (b *books) take() (seen []reached) {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen, b.seen = b.seen, nil
	return seen
}

// variables are the headers as a CGI program has them: whatever separates words
// is an underscore.
func (r reached) variables() map[string][]string {
	out := map[string][]string{}
	for name, values := range r.header {
		variable := "HTTP_" + strings.Map(func(c rune) rune {
			if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' {
				return c
			}
			return '_'
		}, strings.ToUpper(name))
		for _, value := range values {
			if value != "" {
				out[variable] = append(out[variable], value)
			}
		}
	}
	return out
}

// via sends a request to the proxy as it is written, path and names included.
func (s *site) via(method, target, token, body string, header http.Header) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.addr, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	path, query, _ := strings.Cut(target, "?")
	r.URL.Opaque, r.URL.RawQuery = path, query
	for name, values := range header {
		r.Header[name] = values
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	proxy := *s.api // not auth-api, so its document says nothing of the answer
	proxy.http = http.DefaultClient
	return proxy.send(r)
}

// passes sends a request that has to reach the API, and tells how it did.
func (s *site) passes(method, target, token, body string, header http.Header) reached {
	s.t.Helper()
	s.books.forget()
	got := s.via(method, target, token, body, header)
	seen := s.books.take()
	if got.status != http.StatusOK || len(seen) != 1 {
		s.t.Fatalf("%s %s: %d %s, the API saw %d requests", method, target, got.status, got.raw, len(seen))
	}
	return seen[0]
}

// stopped sends a request that must not reach the API.
func (s *site) stopped(method, target, token string, header http.Header) answer {
	s.t.Helper()
	s.books.forget()
	got := s.via(method, target, token, "", header)
	if seen := s.books.take(); len(seen) > 0 || got.status < 400 || strings.Contains(got.raw, "here you are") {
		s.t.Errorf("%s %s: %d %s, the API saw %v", method, target, got.status, got.raw, seen)
	}
	return got
}

// raw sends bytes as they are, and reads one answer. The connection stays open.
func (s *site) raw(request string) (answer, net.Conn) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		s.t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		// Some answer what they do not understand by closing.
		return answer{}, conn
	}
	out := answer{status: response.StatusCode, header: response.Header}
	if out.status != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(response.Body)
		out.raw = string(body)
	}
	return out, conn
}
