package httpapi_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

// problem is an answer on a raw connection.
type problem struct {
	*http.Response
	body struct {
		Status int
		Code   string
		Detail string
	}
}

// answer reads the next answer.
func answer(t *testing.T, r *bufio.Reader, method string) (p problem) {
	t.Helper()
	response, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	p.Response = response
	_ = json.Unmarshal(body, &p.body)
	return p
}

func (p problem) want(t *testing.T, status int, code string) {
	t.Helper()
	if p.StatusCode != status || p.body.Code != code || p.body.Detail == "" || p.body.Status != status || p.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %v %+v, want %d %s", p.StatusCode, p.Header, p.body, status, code)
	}
	if len(p.Header.Get("X-Request-Id")) < 8 || p.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("no id, or no security headers: %v", p.Header)
	}
}

// counted is how many requests were counted with these labels.
func (d *door) counted(t *testing.T, method, route, status string) (n uint64) {
	t.Helper()
	families, err := d.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "auth_http_request_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["method"] == method && labels["route"] == route && labels["status"] == status {
				n += m.GetHistogram().GetSampleCount()
			}
		}
	}
	return n
}

// smuggled is a body that one of two servers would take for the next request.
const smuggled = asking

func TestAmbiguousFramingIsRefusedAndClosesTheConnection(t *testing.T) {
	t.Parallel()
	const (
		post  = "POST /nothing HTTP/1.1\r\nHost: x\r\n"
		chunk = "0\r\n\r\n"
	)
	for name, c := range map[string]struct {
		request string
		status  int
		code    string
	}{
		"both lengths":                        {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"both, the other way":                 {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + chunk, 400, "malformed_request"},
		"both, in small letters":              {post + "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n" + chunk, 400, "malformed_request"},
		"both, of nothing":                    {post + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"both, in a GET":                      {"GET /verify?api=books HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"both, and the client waits":          {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", 400, "malformed_request"},
		"both, in HTTP/1.0":                   {"POST /nothing HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"chunked in HTTP/1.0":                 {"POST /nothing HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"chunked twice":                       {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"chunked twice in a line":             {post + "Transfer-Encoding: chunked, chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"chunked and identity":                {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunk, 400, "malformed_request"},
		"identity":                            {post + "Transfer-Encoding: identity\r\n\r\n", 400, "malformed_request"},
		"identity with a length":              {post + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n12345", 400, "malformed_request"},
		"an empty encoding":                   {post + "Transfer-Encoding:\r\n\r\n", 400, "malformed_request"},
		"gzip, chunked":                       {post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"xchunked":                            {post + "Transfer-Encoding: xchunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"chunked with a parameter":            {post + "Transfer-Encoding: chunked;q=1\r\n\r\n" + chunk, 400, "malformed_request"},
		"quoted chunked":                      {post + "Transfer-Encoding: \"chunked\"\r\n\r\n" + chunk, 400, "malformed_request"},
		"a vertical tab before chunked":       {post + "Transfer-Encoding: \vchunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"a folded encoding":                   {post + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"a folded encoding, by a tab":         {post + "Transfer-Encoding:\r\n\tchunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"a folded length":                     {post + "Content-Length:\r\n 5\r\n\r\n12345", 400, "malformed_request"},
		"a folded line of another kind":       {post + "X-Note: a\r\n Transfer-Encoding: chunked\r\n\r\n", 400, "malformed_request"},
		"a space before the colon":            {post + "Transfer-Encoding : chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"a length with a space before colon":  {post + "Content-Length : 5\r\n\r\n12345", 400, "malformed_request"},
		"a line that ends without CR":         {post + "X-Note: a\nTransfer-Encoding: chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"a CR in a line":                      {post + "X-Note: a\rTransfer-Encoding: chunked\r\n\r\n" + chunk, 400, "malformed_request"},
		"two lengths":                         {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345", 400, "malformed_request"},
		"two lengths that agree":              {post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345", 400, "malformed_request"},
		"two lengths in a list":               {post + "Content-Length: 5, 5\r\n\r\n12345", 400, "malformed_request"},
		"a length with a sign":                {post + "Content-Length: +5\r\n\r\n12345", 400, "malformed_request"},
		"a length below nothing":              {post + "Content-Length: -1\r\n\r\n", 400, "malformed_request"},
		"a length in hexadecimal":             {post + "Content-Length: 0x5\r\n\r\n12345", 400, "malformed_request"},
		"a length in two parts":               {post + "Content-Length: 5 5\r\n\r\n12345", 400, "malformed_request"},
		"an empty length":                     {post + "Content-Length:\r\n\r\n", 400, "malformed_request"},
		"a length that no number holds":       {post + "Content-Length: 99999999999999999999999\r\n\r\n", 400, "malformed_request"},
		"a chunk of odd size":                 {post + "Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n" + chunk, 400, "malformed_request"},
		"two hosts":                           {"POST /nothing HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "malformed_request"},
		"two hosts that agree":                {"POST /nothing HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n", 400, "malformed_request"},
		"no host":                             {"POST /nothing HTTP/1.1\r\n\r\n", 400, "malformed_request"},
		"HTTP/2.0":                            {"POST /nothing HTTP/2.0\r\nHost: x\r\n\r\n", 505, "version_not_supported"},
		"HTTP/2 without asking":               {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_not_supported"},
		"HTTP/1.2":                            {"POST /nothing HTTP/1.2\r\nHost: x\r\n\r\n", 505, "version_not_supported"},
		"HTTP/0.9":                            {"POST /nothing HTTP/0.9\r\nHost: x\r\n\r\n", 505, "version_not_supported"},
		"a version in small letters":          {"POST /nothing http/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"},
		"a version of two digits":             {"POST /nothing HTTP/1.10\r\nHost: x\r\n\r\n", 400, "malformed_request"},
		"no version":                          {"POST /nothing\r\nHost: x\r\n\r\n", 400, "malformed_request"},
		"an unknown version beside two sizes": {"GET /verify?api=books HTTP/1.2\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk, 505, "version_not_supported"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			conn := devtest.Dial(t, d.listen(t))
			send(t, conn, c.request+smuggled)
			r := bufio.NewReader(conn)
			got := answer(t, r, "POST")
			got.want(t, c.status, c.code)
			if !got.Close {
				t.Error("it does not say that the connection closes")
			}
			if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
				t.Errorf("it went on: %q, %v", rest, err)
			}
			if d.asked.Load() > 0 {
				t.Error("a request in the body was answered")
			}
			if n := d.counted(t, "other", "unmatched", strconv.Itoa(c.status)); n != 1 {
				t.Errorf("counted %d times", n)
			}
			if log := d.log.String(); strings.Count(log, `"msg":"request"`) != 1 || !strings.Contains(log, `"code":"`+c.code+`"`) || strings.Contains(log, token) {
				t.Errorf("the log: %s", log)
			}
		})
	}
}

func TestOrdinaryFramingIsAccepted(t *testing.T) {
	t.Parallel()
	addr := newDoor(t).listen(t)
	for name, request := range map[string]string{
		"a length":                  "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345",
		"a length with spaces":      "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: \t5 \r\n\r\n12345",
		"chunked":                   "POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
		"chunked in capitals":       "POST /nothing HTTP/1.1\r\nHost: x\r\nTRANSFER-ENCODING: Chunked \r\n\r\n5\r\n12345\r\n0\r\n\r\n",
		"chunked with a trailer":    "POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n",
		"neither":                   "POST /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
		"names that begin alike":    "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length-X: 7\r\nTransfer-Encodings: gzip\r\nTE: trailers\r\nCookie: a\r\nExpected: 1\r\n\r\n",
		"HTTP/1.0 kept":             "POST /nothing HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n12345",
		"an empty line comes first": "\r\nPOST /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := devtest.Dial(t, addr)
			send(t, conn, request+asking)
			r := bufio.NewReader(conn)
			answer(t, r, "POST").want(t, 404, "route_not_found")
			if got := answer(t, r, "GET"); got.StatusCode != 204 || got.Close {
				t.Errorf("the next request: %v", got.Response)
			}
		})
	}
}

func TestContinueIsSentWhenItIsAskedForAndExtendsNoTimeout(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.server.Shorten(soon, time.Hour, time.Hour)
	addr := d.listen(t)
	for _, expect := range []string{"100-continue", "100-Continue"} {
		conn := devtest.Dial(t, addr)
		send(t, conn, "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: "+expect+"\r\n\r\n")
		r := bufio.NewReader(conn)
		if got := answer(t, r, "POST"); got.StatusCode != 100 {
			t.Fatalf("%s: %v", expect, got.Response)
		}
		send(t, conn, "12345")
		answer(t, r, "POST").want(t, 404, "route_not_found")
	}
	for name, request := range map[string]string{
		"too large anyway": "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\nExpect: 100-continue\r\n\r\n",
		"no body":          "POST /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
		"HTTP/1.0":         "POST /nothing HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx",
	} {
		conn := devtest.Dial(t, addr)
		send(t, conn, request)
		if got := answer(t, bufio.NewReader(conn), "POST"); got.StatusCode != 404 && got.StatusCode != 413 {
			t.Errorf("%s: %v", name, got.Response)
		}
	}
	silent := devtest.Dial(t, addr)
	send(t, silent, "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	r := bufio.NewReader(silent)
	if got := answer(t, r, "POST"); got.StatusCode != 100 {
		t.Fatal(got.Response)
	}
	answer(t, r, "POST").want(t, 408, "request_timeout")
	closed(t, silent)
}

func TestUnroutableMethodsGetProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, target string
		status         int
		code, allow    string
	}{
		{"FOO", "/livez", 501, "method_unknown", ""},
		{"PATCHX", "/livez", 501, "method_unknown", ""},
		{"get", "/verify?api=books", 501, "method_unknown", ""},
		{"REFUSED", "/livez", 501, "method_unknown", ""},
		{"M-SEARCH", "*", 501, "method_unknown", ""},
		{"TRACE", "/livez", 405, "method_not_allowed", "GET"},
		{"TRACE", "/verify?api=books", 405, "method_not_allowed", "GET"},
		{"CONNECT", "/livez", 405, "method_not_allowed", "GET"},
		{"TRACE", "/nothing", 404, "route_not_found", ""},
		{"CONNECT", "x:443", 404, "route_not_found", ""},
		{"GET", "/docs/nope", 404, "route_not_found", ""},
		{"GET", "/docs/nope/../../nope", 404, "route_not_found", ""},
	} {
		t.Run(c.method+" "+c.target, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			conn := devtest.Dial(t, d.listen(t))
			r := bufio.NewReader(conn)
			send(t, conn, c.method+" "+c.target+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+"\r\n\r\n")
			got := answer(t, r, "POST")
			got.want(t, c.status, c.code)
			if allow := got.Header.Get("Allow"); !strings.Contains(allow, c.allow) || (allow == "") != (c.allow == "") || strings.Contains(allow, "REFUSED") {
				t.Errorf("Allow: %q", allow)
			}
			if log := d.log.String(); strings.Count(log, `"msg":"request"`) != 1 || !strings.Contains(log, `"code":"`+c.code+`"`) || strings.Contains(log, token) {
				t.Errorf("the log: %s", log)
			}
			method, route := "other", "unmatched"
			if c.method == "GET" {
				method = "GET"
			}
			if n := d.counted(t, method, route, strconv.Itoa(c.status)); n != 1 {
				t.Errorf("counted %d times", n)
			}
			// The connection is as good as before.
			send(t, conn, asking)
			if next := answer(t, r, "GET"); next.StatusCode != 204 {
				t.Errorf("the next request: %v", next.Response)
			}
		})
	}
}

func TestUnreadableRequestsGetProblemsByKind(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.server.Shorten(soon, time.Hour, time.Hour)
	addr := d.listen(t)
	for name, c := range map[string]struct {
		request string
		status  int
		code    string
	}{
		"nonsense":         {"nonsense\r\n\r\n", 400, "malformed_request"},
		"a large header":   {"GET /livez HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 9000) + "\r\n\r\n", 431, "header_too_large"},
		"a large body":     {"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + strings.Repeat("x", 200_000), 413, "body_too_large"},
		"half of a header": {asking[:40], 408, "request_timeout"},
		"half of a body":   {"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12", 408, "request_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := devtest.Dial(t, addr)
			send(t, conn, c.request)
			got := answer(t, bufio.NewReader(conn), "POST")
			got.want(t, c.status, c.code)
			if !got.Close {
				t.Error("it does not say that the connection closes")
			}
			closed(t, conn)
		})
	}
}

// The client ends its stream in the middle of a request, and still reads.
func TestIncompleteRequestIsAnswered(t *testing.T) {
	t.Parallel()
	conn := devtest.Dial(t, newDoor(t).listen(t))
	send(t, conn, "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer(t, bufio.NewReader(conn), "POST").want(t, 400, "malformed_request")
}

func TestConnectionsOverTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.server.MaxConnections = 2
	addr := d.listen(t)
	for range 2 {
		conn := devtest.Dial(t, addr)
		send(t, conn, asking)
		answered(t, conn, 204)
	}
	conn := devtest.Dial(t, addr)
	send(t, conn, asking)
	got := answer(t, bufio.NewReader(conn), "GET")
	if got.StatusCode != 503 || got.body.Code != "busy" || !got.Close || got.Header.Get("Retry-After") == "" {
		t.Errorf("%v", got.Response)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("still open: %v", err)
	}
}
