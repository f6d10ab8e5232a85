package surface_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

// signIn signs the reader in.
func (s *service) signIn() (token string) {
	s.t.Helper()
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, reader, readersPassword)
	answer, err := http.Post(s.URL+"/v1/sessions", "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var told struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil || told.Token == "" {
		s.t.Fatalf("sign in: %d, %v", answer.StatusCode, err)
	}
	return told.Token
}

func (s *service) addr() string { return strings.TrimPrefix(s.URL, "http://") }

// status asks whose a token is.
func (s *service) status(token string) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+"/v1/accounts/me", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// exchange sends text on a connection of its own, says that no more comes, and returns the
// answers until the connection is closed.
func (s *service) exchange(t *testing.T, text string) (statuses []int) {
	t.Helper()
	conn := devtest.Dial(t, s.addr())
	if _, err := io.WriteString(conn, text); err != nil {
		return nil // It was closed meanwhile.
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return nil
	}
	raw, err := io.ReadAll(conn)
	if err != nil && len(raw) == 0 {
		return nil
	}
	r := bufio.NewReader(bytes.NewReader(raw))
	method, _, _ := strings.Cut(text, " ")
	for {
		answer, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return statuses
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Errorf("an answer is cut off: %v", err)
		}
		if answer.StatusCode >= 200 {
			statuses = append(statuses, answer.StatusCode)
			method = "" // The next request is another one, if there is any.
		}
	}
}

// shapes are requests with another one inside, by name. One of two servers that disagree about
// where a request ends would run the inner one.
func shapes(inner string) map[string]string {
	const post, host = "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n", "\r\nHost: x\r\n"
	size := len(inner)
	length := fmt.Sprintf("Content-Length: %d\r\n", size)
	chunk := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size, inner)
	return map[string]string{
		"CL.TE":                            post + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", size+5) + inner,
		"TE.CL":                            post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk,
		"TE.TE, the second unknown":        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n" + inner,
		"TE with a tab":                    post + "Transfer-Encoding:\tchunked\r\n" + length + "\r\n0\r\n\r\n" + inner,
		"TE with a space before colon":     post + "Transfer-Encoding : chunked\r\n" + length + "\r\n" + inner,
		"TE on a folded line":              post + "X: y\r\n Transfer-Encoding: chunked\r\n" + length + "\r\n" + inner,
		"TE after a bare LF":               post + "X: y\nTransfer-Encoding: chunked\r\n" + length + "\r\n0\r\n\r\n" + inner,
		"TE after a bare CR":               post + "X: y\rTransfer-Encoding: chunked\r\n" + length + "\r\n0\r\n\r\n" + inner,
		"TE with NUL":                      post + "Transfer-Encoding: chunked\x00\r\n" + length + "\r\n0\r\n\r\n" + inner,
		"TE with an underscore":            post + "Transfer_Encoding: chunked\r\n" + length + "\r\n" + inner,
		"TE in HTTP/1.0":                   "POST /v1/sessions HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n" + inner,
		"CL.0":                             post + "Content-Length: 0\r\n" + length + "\r\n" + inner,
		"0.CL":                             post + length + "Content-Length: 0\r\n\r\n" + inner,
		"CL with a plus":                   post + fmt.Sprintf("Content-Length: +%d\r\n\r\n", size) + inner,
		"CL in octal":                      post + fmt.Sprintf("Content-Length: 0%d\r\n\r\n", size) + inner,
		"CL with a comma":                  post + fmt.Sprintf("Content-Length: 0, %d\r\n\r\n", size) + inner,
		"CL with an underscore":            post + fmt.Sprintf("Content_Length: 0\r\nContent-Length: %d\r\n\r\n", size) + inner,
		"CL below nothing":                 post + "Content-Length: -1\r\n\r\n" + inner,
		"an honest length":                 post + length + "\r\n" + inner,
		"an honest chunk":                  post + "Transfer-Encoding: chunked\r\n\r\n" + chunk,
		"a GET with a body":                "GET /v1/accounts/me HTTP/1.1\r\nHost: x\r\n" + length + "\r\n" + inner,
		"a HEAD with a body":               "HEAD /livez HTTP/1.1\r\nHost: x\r\n" + length + "\r\n" + inner,
		"an OPTIONS with a body":           "OPTIONS /v1/sessions HTTP/1.1\r\nHost: x\r\n" + length + "\r\n" + inner,
		"an unknown method with a body":    "FOO /v1/sessions HTTP/1.1\r\nHost: x\r\n" + length + "\r\n" + inner,
		"an unknown path with a body":      "POST /nothing HTTP/1.1\r\nHost: x\r\n" + length + "\r\n" + inner,
		"a media type that is refused":     "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n" + length + "\r\n" + inner,
		"a chunk's extension":              post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Replace(chunk, "\r\n", ";x=\"y\"\r\n", 1),
		"a chunk's extension with bare LF": post + "Transfer-Encoding: chunked\r\n\r\n2;x\nxx\r\n" + fmt.Sprintf("%x", size) + "\r\n0\r\n\r\n" + inner,
		"a chunk size too large":           post + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" + inner,
		"a chunk size with a prefix":       post + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + inner,
		"a chunk without its end":          post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n" + inner,
		"a trailer that frames":            post + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + length + "\r\n" + inner[:10],
		"a request line in a header":       post + "X: y\r\n\tDELETE / HTTP/1.1\r\n" + length + "\r\n" + inner,
		"a path with a line in it":         "GET /livez%20HTTP/1.1%0d%0a%0d%0a" + " HTTP/1.1" + host + length + "\r\n" + inner,
		"an upgrade to HTTP/2":             post + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n" + length + "\r\n" + inner,
		"an upgrade to a web socket":       "GET /v1/accounts/me HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + length + "\r\n" + inner,
		"a body that waits for 100":        post + "Expect: 100-continue\r\n" + length + "\r\n" + inner,
		"another expectation":              post + "Expect: 200-ok\r\n" + length + "\r\n" + inner,
		"a header that is too large":       post + "X: " + strings.Repeat("x", 20_000) + "\r\n" + length + "\r\n" + inner,
		"a body that is too large":         post + "Content-Length: 100000\r\n\r\n" + strings.Repeat(" ", 90_000) + inner,
		"half of a header":                 post + "X: y",
	}
}

// In front of auth-api there may be a proxy that sees the end of a request elsewhere. What
// it takes for a body must not be run as another person's request.
func TestNoSmuggledRequestIsRun(t *testing.T) {
	t.Parallel()
	s := serve(t)
	victim := s.signIn()
	// It ends the victim's session, if it is ever run.
	inner := func() string {
		return "DELETE /v1/sessions/current HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + victim + "\r\n\r\n"
	}
	for _, name := range slices.Sorted(maps.Keys(shapes(inner()))) {
		for _, status := range s.exchange(t, shapes(inner())[name]) {
			if status < 400 && status != http.StatusOK && status != http.StatusNoContent || status >= 500 && status != 501 && status != 505 {
				t.Errorf("%s: answered with %d", name, status)
			}
		}
		if got := s.status(victim); got != http.StatusOK {
			t.Errorf("%s: the inner request was run: the victim's token is answered with %d", name, got)
			victim = s.signIn()
		}
	}
	// Where it is a request of its own it is run: the tokens above were really at stake.
	statuses := s.exchange(t, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"+inner())
	if len(statuses) != 2 || statuses[1] != http.StatusNoContent || s.status(victim) != http.StatusUnauthorized {
		t.Errorf("as a request of its own it was answered with %v", statuses)
	}
}

// Requests that come together are answered in their order, each with its own credentials.
func TestPipelinedRequestsKeepTheirOwnCredentials(t *testing.T) {
	t.Parallel()
	s := serve(t)
	token := s.signIn()
	conn := devtest.Dial(t, s.addr())
	var sent strings.Builder
	const rounds = 50
	for n := range rounds {
		fmt.Fprintf(&sent, "GET /v1/accounts/me HTTP/1.1\r\nHost: x\r\nX-Request-Id: pipelined-%04d\r\n", n)
		if n%2 == 0 {
			fmt.Fprintf(&sent, "Authorization: Bearer %s\r\n", token)
		}
		sent.WriteString("\r\n")
	}
	if _, err := io.WriteString(conn, sent.String()); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(answerWait))
	r := bufio.NewReader(conn)
	for n := range rounds {
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		want := http.StatusUnauthorized
		if n%2 == 0 {
			want = http.StatusOK
		}
		if answer.StatusCode != want || strings.Contains(string(body), reader) != (n%2 == 0) {
			t.Errorf("request %d was answered with %d %s", n, answer.StatusCode, body)
		}
	}
}
