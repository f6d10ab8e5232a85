package main_test

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"testing"
)

// decode decodes what can be decoded, as lenient programs do.
func decode(path string) string {
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		if i+2 < len(path) && path[i] == '%' {
			if s, err := url.PathUnescape(path[i : i+3]); err == nil {
				out.WriteString(s)
				i += 2
				continue
			}
		}
		out.WriteByte(path[i])
	}
	return out.String()
}

// clean resolves dots and merges slashes.
func cleaned(p string) string { return path.Clean("/" + p) }

// readings are the ways in which APIs understand the path of a request.
func readings() map[string]func(path string) string {
	backslashes := strings.NewReplacer(`\`, "/")
	return map[string]func(string) string{
		"neither":              func(p string) string { return p },
		"decodes":              decode,
		"cleans":               cleaned,
		"decodes, then cleans": func(p string) string { return cleaned(decode(p)) },
		"cleans, then decodes": func(p string) string { return decode(cleaned(p)) },
		"decodes twice":        func(p string) string { return cleaned(decode(decode(p))) },
		"Windows":              func(p string) string { return cleaned(backslashes.Replace(decode(p))) },
		"servlets": func(p string) string {
			segments := strings.Split(p, "/")
			for i := range segments {
				segments[i], _, _ = strings.Cut(segments[i], ";")
			}
			return cleaned(decode(strings.Join(segments, "/")))
		},
		"ends at NUL or #": func(p string) string {
			p, _, _ = strings.Cut(decode(p), "\x00")
			p, _, _ = strings.Cut(p, "#")
			return cleaned(p)
		},
		"reads a URL": func(p string) string {
			if parsed, err := url.Parse(p); err == nil {
				return parsed.Path
			}
			return p
		},
		"overlong UTF-8": func(p string) string {
			return cleaned(strings.NewReplacer("\xc0\xaf", "/", "\xc0\xae", ".", "\xe0\x80\xaf", "/", "\xe0\x80\xae", ".").Replace(decode(p)))
		},
	}
}

// protected says of a path as an API understands it whether it needs a token.
func protected(path string) bool {
	path = strings.ToLower(path)
	return path == "/books" || strings.HasPrefix(path, "/books/")
}

// refusesAmbiguousPaths tries spellings that programs read differently. What the
// API takes for a book, in any reading, needs a token; and so does what the proxy
// takes for one.
func refusesAmbiguousPaths(t *testing.T, s *site) {
	ambiguous := []string{
		"/books/1/tags/..%2f..%2f..%2fpublic%2fx", "/books/1/file/../../../public/x", "/public/../books/1", "/public/..", "/public/.", "/public/./x", "/./public/x", "/books/..", "/books/1/.",
		"//books/1", "//public/books/1", "/public//../books/1", "/public//x", "/books//1", "/public//",
		"/public/%2e%2e/books/1", "/public/.%2e/books/1", "/public/%2E./books/1", "/books/%2e/1", "/public/%2e",
		"/public%2fx", "/books%2f1", "/public/x%2Fy", "/public/..%2fbooks/1", "/%2fbooks/1", "/%2f%2fbooks/1",
		`/public\..\books\1`, `/public/..\books\1`, "/public/..%5cbooks/1", "/public/%5C", "/books%5c1",
		"/public/%252e%252e/books/1", "/public/%252fx", "/public/%25%32%66", "/public/%25252fx", "/public/..%255cbooks/1", "/public/%2500",
		"/public/x%00", "/books/1%00/../public", "/public/%0d%0ax", "/public/%7f", "/public/%09",
		"/public/..;/books/1", "/public;/../books/1", "/public;x=1/x", "/books;/1", "/public/x;v=1", "/public/x%3bv=1", "/public/..%3b/books/1", "/public/%253b",
		"/public/%c0%ae%c0%ae/books/1", "/public/..%c0%afbooks/1", "/public/%e0%80%af",
		"/public/#/../../books/1",
	}
	for _, target := range ambiguous {
		s.read(target, true)
		s.read(target+"?q=1", true)
	}
	// Refused, or read alike by all.
	for _, target := range []string{
		"/public/x#y", "/books#/1", "/%62ooks/1", "/%70ublic/x", "/p%75blic", "/books%20/1", "/BOOKS/1", "/Public/x", "/books./1", "/public/%u002f", "/public/%", "/public/%2", "/public/%zz", "/public/\xff", "/public/\xc0\xae\xc0\xae/books/1",
		"*", "books/1", "public/../books/1", "?/books/1", "http:/books/1", "http:books/1", "x:/public/../books/1", "http://", "http://books.test", "http:///books/1", "@/books/1", ":80/books/1",
		"http://books.test?/public/../books/1", "http://x/books/1", "http://x/books/1/..%2f..%2fpublic", "http://x/public/../books/1", "http://x/..%2fbooks/1", "http://x/public/..%2fbooks/1", "http://x//books/1", "http://x@books.test/public/..;/books",
		"http://x/public/../../books/1", "http://public/books/1", "http:\\\\x/books/1", "ftp://x/public/..%5cbooks", "/public/x?/../../books/1", "/public?/../books/1", "/public/…/books",
	} {
		s.read(target, false)
	}
	// Nothing of this is ambiguous.
	for _, target := range []string{
		"/public/caf%C3%A9", "/public/a%20b", "/public/100%25", "/public/50%25off", "/public/C%23", "/public/who%3F", "/public/a+b,c=d@e:f!$&'()*~", "/public/%5Bx%5D", "/public/...", "/public/.well-known", "/public/a..b", "/public/x.",
		"/public/%E2%82%AC%F0%9F%98%80", "/public/%7Eada", "/public/?q=../..//%2f%00;\\", "/public?next=http://x/../y",
	} {
		want := target
		if s.program == "traefik" {
			// It decodes what needs no encoding, and takes ; in a query for &.
			want = strings.NewReplacer("%7E", "~", ";", "&").Replace(target)
		}
		if seen := s.passes("GET", target, "", "", nil); seen.uri != want {
			s.t.Errorf("%s came as %s", target, seen.uri)
		}
	}
	for _, target := range []string{"http://books.test/public/x", "http://books.test:80/public/x?q=//"} {
		s.books.forget()
		got, _ := s.raw("GET " + target + " HTTP/1.1\r\nHost: books.test\r\nConnection: close\r\n\r\n")
		if seen := s.books.take(); got.status != 200 || len(seen) != 1 || !strings.HasSuffix(target, seen[0].uri) || !strings.HasPrefix(seen[0].uri, "/public/x") {
			s.t.Errorf("%s: %d, the API saw %v", target, got.status, seen)
		}
	}
}

// read sends the target without a token, by several methods.
func (s *site) read(target string, refused bool) {
	s.t.Helper()
	for _, method := range []string{"GET", "DELETE", "CONNECT"} {
		s.books.forget()
		got, conn := s.raw(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: books.test\r\nConnection: close\r\n\r\n", method, target))
		_ = conn.Close()
		for _, seen := range s.books.take() {
			if refused && method != "CONNECT" {
				s.t.Errorf("%s %q: the API saw %q", method, target, seen.uri)
			}
			path, _, _ := strings.Cut(seen.uri, "?")
			for name, reading := range readings() {
				if protected(reading(path)) {
					s.t.Errorf("%s %q: %d, and an API that %s reads %q as %q", method, target, got.status, name, seen.uri, reading(path))
				}
			}
		}
		// Apache says 404 of %00, before any rule.
		if refused && method != "CONNECT" && got.status != 400 && (got.status != 404 || s.program != "apache2") {
			s.t.Errorf("%s %q: %d, want 400", method, target, got.status)
		}
	}
}
