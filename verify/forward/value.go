package forward

const digits = "0123456789ABCDEF"

// AppendValue appends the value of a header for s, which may be any text: what
// could end a header, be trimmed or be read in another encoding is percent-encoded.
func AppendValue(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c > ' ' && c < 0x7f && c != '%' || c == ' ' && i > 0 && i < len(s)-1 {
			continue
		}
		dst = append(append(dst, s[from:i]...), '%', digits[c>>4], digits[c&0xf])
		from = i + 1
	}
	return append(dst, s[from:]...)
}
