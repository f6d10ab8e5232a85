package connection

import (
	"bytes"

	// Fiber is built on fasthttp, and does not give access to the raw header lines.
	"github.com/valyala/fasthttp"

	"auth.books.test/services/auth-api/internal/fault"
)

// MethodRefused replaces the method of a request that is refused before routing. Fiber
// is configured to know it, since it answers unknown methods before any middleware.
const MethodRefused = "REFUSED"

// CheckFraming checks a request's header before its body is read. If two servers could
// read the request differently, it loses its body and gets MethodRefused, so that no
// route sees it. "100 Continue" is sent only for bodies of at most bodyLimit bytes.
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

// FramingFault says what is wrong with a request's framing; nil if nothing is.
func FramingFault(h *fasthttp.RequestHeader) *fault.Error { return framingFault(h, new(bool)) }

// framingFault says why it is ambiguous where a request ends (RFC 9112, sections 2.3,
// 5.2 and 6). fasthttp itself accepts Transfer-Encoding together with Content-Length,
// repeated, in HTTP/1.0 and as `identity`; folded lines; lines that end without CR; and
// HTTP versions that do not exist. A proxy in front may read such a request differently,
// and one of the two then takes its body for the next request (request smuggling).
// expectation is set if there is an Expect line.
func framingFault(h *fasthttp.RequestHeader, expectation *bool) *fault.Error {
	old := !h.IsHTTP11()
	if old && string(h.Protocol()) != "HTTP/1.0" {
		return fault.New(fault.VersionNotSupported, "Use HTTP/1.1.")
	}
	var lengths, encodings int
	for rest := h.RawHeaders(); len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 1 || rest[end-1] != '\r' {
			return badFraming("Each line of the header must end with CR and LF.")
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
		return badFraming("Content-Length and Transfer-Encoding may each be sent once.")
	case lengths > 0 && encodings > 0:
		return badFraming("Send Content-Length or Transfer-Encoding, not both.")
	case encodings > 0 && old:
		return badFraming("HTTP/1.0 has no Transfer-Encoding.")
	}
	return nil
}

func badFraming(detail string) *fault.Error { return fault.New(fault.MalformedRequest, detail) }

// field is the value of a header line, if the line has that name.
func field(line []byte, name string) (value []byte, found bool) {
	if len(line) <= len(name) || line[len(name)] != ':' || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return nil, false
	}
	return bytes.Trim(line[len(name)+1:], " \t"), true
}

// normaliseExpect makes fasthttp send "100 Continue" exactly when it is due (RFC 9110,
// section 10.1.1). By itself fasthttp knows one spelling of the value, and ignores the
// HTTP version and whether the body is too large anyway.
func normaliseExpect(h *fasthttp.RequestHeader, bodyLimit int) {
	wanted := bytes.EqualFold(bytes.TrimSpace(h.Peek(fasthttp.HeaderExpect)), []byte("100-continue"))
	length := h.ContentLength()
	h.Del(fasthttp.HeaderExpect)
	if wanted && h.IsHTTP11() && (length == -1 || length > 0 && length <= bodyLimit) {
		h.Set(fasthttp.HeaderExpect, "100-continue")
	}
}
