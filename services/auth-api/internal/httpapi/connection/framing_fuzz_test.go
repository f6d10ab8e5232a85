package connection_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/valyala/fasthttp"

	"auth.books.test/services/auth-api/internal/httpapi/connection"
)

// What passes ends where another parser says it ends: otherwise a proxy that reads it as
// net/http does could be made to take a part of one request for the next.
func FuzzWhatPassesEndsWhereNetHTTPSaysItDoes(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\ncontent-length: 4\r\n\r\nabcd",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: a\r\nX: b\r\n Content-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: a\nContent-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
		"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 03\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var ours fasthttp.RequestHeader
		if err := ours.Read(bufio.NewReaderSize(bytes.NewReader(raw), 1<<16)); err != nil || connection.FramingFault(&ours) != nil {
			return // refused
		}
		theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return // refused there
		}
		defer theirs.Body.Close()
		// fasthttp: -1 is chunked, -2 is no length. net/http: -1 is chunked, 0 is no body.
		length := int64(max(ours.ContentLength(), -1))
		if ours.ContentLength() == -2 {
			length = 0
		}
		if length != theirs.ContentLength {
			t.Errorf("a body of %d bytes, and of %d for net/http: %q", length, theirs.ContentLength, raw)
		}
		_, _ = io.Copy(io.Discard, theirs.Body)
	})
}
