package forward

import "unsafe"

const digits = "0123456789ABCDEF"

// Value returns the header value for s, encoded as by AppendValue. If s needs no encoding,
// the result is the memory of s itself, without a copy; otherwise it is in buffer. It must
// not be changed. Not copying five values a request saves time on GET /verify (`make
// bench`, "`GET /verify` from memory against an empty answer"; BenchmarkVerify in httpapi).
func Value(buffer []byte, s string) []byte {
	odd := false
	for i := range len(s) {
		odd = odd || isOdd(s[i])
	}
	if odd || s != "" && (s[0] == ' ' || s[len(s)-1] == ' ') {
		return AppendValue(buffer[:0], s)
	}
	return unsafe.Slice(unsafe.StringData(s), len(s))
}

// isOdd reports whether a byte is encoded at any position in a value.
func isOdd(c byte) bool { return c-' ' >= 0x7f-' ' || c == '%' }

// AppendValue appends the header value for s, which may be any text. It percent-encodes
// bytes that could end a header, be trimmed, or be read in another encoding.
func AppendValue(dst []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		c := s[i]
		if !isOdd(c) && (c != ' ' || i > 0 && i < len(s)-1) {
			continue
		}
		dst = append(append(dst, s[from:i]...), '%', digits[c>>4], digits[c&0xf])
		from = i + 1
	}
	return append(dst, s[from:]...)
}
