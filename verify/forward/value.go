package forward

import "unsafe"

const digits = "0123456789ABCDEF"

// Value is the value of a header for s as AppendValue makes it, in s itself where
// that is one already and else in room. It may only be read.
func Value(room []byte, s string) []byte {
	odd := false
	for i := range len(s) {
		odd = odd || isOdd(s[i])
	}
	if odd || s != "" && (s[0] == ' ' || s[len(s)-1] == ' ') {
		return AppendValue(room[:0], s)
	}
	return unsafe.Slice(unsafe.StringData(s), len(s))
}

// isOdd says of a byte whether it is encoded wherever it stands.
func isOdd(c byte) bool { return c-' ' >= 0x7f-' ' || c == '%' }

// AppendValue appends the value of a header for s, which may be any text: what
// could end a header, be trimmed or be read in another encoding is percent-encoded.
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
