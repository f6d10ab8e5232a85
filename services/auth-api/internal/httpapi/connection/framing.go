package connection

import (
	"bytes"

	// Fiber's own base: what a request's raw lines say is known only there.
	"github.com/valyala/fasthttp"

	"auth.books.test/services/auth-api/internal/fault"
)

// MethodRefused replaces the method of a request that no route may see: Fiber answers
// methods that it does not know before any middleware.
const MethodRefused = "REFUSED"

// CheckFraming looks at the header before the body is read. A request that two servers
// could read differently is given no body and MethodRefused, with which it reaches no
// route. A client is told to continue only with a body of at most bodyLimit bytes.
func CheckFraming(h *fasthttp.RequestHeader, bodyLimit int) (none fasthttp.RequestConfig) {
	expectation := false
	if framingFault(h, &expectation) != nil {
		h.SetMethod(MethodRefused)
		h.SetContentLength(0)
		h.Del(fasthttp.HeaderExpect)
		return none
	}
	if expectation {
		normaliseExpect(h, bodyLimit)
	}
	return none
}

// FramingFault says why a request was given MethodRefused; nil for another reason.
func FramingFault(h *fasthttp.RequestHeader) *fault.Error { return framingFault(h, new(bool)) }

// framingFault says why it is not certain where a request ends (RFC 9112, sections
// 2.3, 5.2 and 6). fasthttp itself takes Transfer-Encoding beside Content-Length,
// more than once, in HTTP/1.0 and as `identity`; folded lines; lines that end
// without CR; and HTTP versions that do not exist. Two servers may read such a
// request differently, and one of them take its body for the next request. It also
// tells whether there is an Expect line.
func framingFault(h *fasthttp.RequestHeader, expectation *bool) *fault.Error {
	old := !h.IsHTTP11()
	if old && string(h.Protocol()) != "HTTP/1.0" {
		return fault.New(fault.VersionNotSupported, "Speak HTTP/1.1.")
	}
	var lengths, encodings int
	for rest := h.RawHeaders(); len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 1 || rest[end-1] != '\r' {
			return badFraming("Each line of the header ends with CR and LF.")
		}
		line := rest[:end-1]
		rest = rest[end+1:]
		if len(line) == 0 {
			break
		}
		switch line[0] {
		case ' ', '\t':
			return badFraming("A line of the header may not be continued on the next one.")
		case 'c', 'C':
			if _, found := field(line, fasthttp.HeaderContentLength); found {
				lengths++
			}
		case 't', 'T':
			value, found := field(line, fasthttp.HeaderTransferEncoding)
			if !found {
				continue
			}
			if encodings++; !bytes.EqualFold(value, []byte("chunked")) {
				return badFraming("Transfer-Encoding may only be chunked.")
			}
		case 'e', 'E':
			if _, found := field(line, fasthttp.HeaderExpect); found {
				*expectation = true
			}
		}
	}
	switch {
	case lengths > 1 || encodings > 1:
		return badFraming("Content-Length and Transfer-Encoding may be sent once.")
	case lengths > 0 && encodings > 0:
		return badFraming("Send Content-Length or Transfer-Encoding, not both.")
	case encodings > 0 && old:
		return badFraming("There is no Transfer-Encoding in HTTP/1.0.")
	}
	return nil
}

func badFraming(detail string) *fault.Error { return fault.New(fault.MalformedRequest, detail) }

// field is the value of a header line if it has that name.
func field(line []byte, name string) (value []byte, found bool) {
	if len(line) <= len(name) || line[len(name)] != ':' || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return nil, false
	}
	return bytes.Trim(line[len(name)+1:], " \t"), true
}

// normaliseExpect has fasthttp answer 100 to those who wait for it, and to nobody
// else (RFC 9110, section 10.1.1): it compares the value with one spelling, and
// does not look at the version or at whether the body is too large anyway.
func normaliseExpect(h *fasthttp.RequestHeader, bodyLimit int) {
	wanted := bytes.EqualFold(bytes.TrimSpace(h.Peek(fasthttp.HeaderExpect)), []byte("100-continue"))
	length := h.ContentLength()
	h.Del(fasthttp.HeaderExpect)
	if wanted && h.IsHTTP11() && (length == -1 || length > 0 && length <= bodyLimit) {
		h.Set(fasthttp.HeaderExpect, "100-continue")
	}
}
