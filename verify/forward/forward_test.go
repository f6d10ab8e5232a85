package forward_test

import (
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"auth.books.test/verify/forward"
)

// variable is the name of the CGI variable for a header (RFC 3875, section 4.1.18), as
// lenient programs derive it.
func variable(header string) string {
	return "HTTP_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(header))
}

func TestStripListHasEverySpelling(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, name := range forward.StripList() {
		if listed[name] {
			t.Errorf("%s is there twice", name)
		}
		listed[name] = true
	}
	for _, header := range forward.Headers() {
		if textproto.CanonicalMIMEHeaderKey(header) != header || strings.Count(header, "-") != 1 || forward.Spellings(header)[0] != header {
			t.Errorf("%s: a name is canonical and has one separator", header)
		}
		word, kind, _ := strings.Cut(header, "-")
		for _, separator := range "-_." {
			name := word + string(separator) + kind
			if !listed[name] || variable(name) != variable(header) {
				t.Errorf("%s is not listed", name)
			}
			delete(listed, name)
		}
	}
	if len(listed) > 0 {
		t.Errorf("these are no spelling of a header of ours: %v", listed)
	}
}

func TestAnyValueFitsInAHeaderAndComesBack(t *testing.T) {
	t.Parallel()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for value, want := range map[string]string{
		"":                                     "",
		"ada@books.test":                       "ada@books.test",
		"Ada Lovelace":                         "Ada Lovelace",
		"Ada Löwe":                             "Ada L%C3%B6we",
		"100 %":                                "100 %25",
		"%41":                                  "%2541",
		" Ada ":                                "%20Ada%20",
		" ":                                    "%20",
		"\t":                                   "%09",
		"Ada\r\nRemote-User: root":             "Ada%0D%0ARemote-User: root",
		"\x00\x7f\xff":                         "%00%7F%FF",
		"books:list books:read":                "books:list books:read",
		string(every):                          "",
		"01a20cde-6bd3-7531-8ac9-b1636fb1cb55": "01a20cde-6bd3-7531-8ac9-b1636fb1cb55",
	} {
		got := string(forward.AppendValue(nil, value))
		if want != "" && got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
		if got != strings.TrimSpace(got) || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q: %q is no value for a header", value, got)
		}
		if back, err := url.PathUnescape(got); err != nil || back != value {
			t.Errorf("%q came back as %q (%v)", value, back, err)
		}
	}
	if got := forward.AppendValue([]byte("books:list "), "bücher"); string(got) != "books:list b%C3%BCcher" {
		t.Errorf("%s", got)
	}
}

func FuzzValue(f *testing.F) {
	f.Add("Ada\r\n Löwe %")
	f.Fuzz(func(t *testing.T, value string) {
		got := string(forward.AppendValue(nil, value))
		h := http.Header{forward.Name: {got}}
		var wire strings.Builder
		if err := h.Write(&wire); err != nil || wire.String() != forward.Name+": "+got+"\r\n" {
			t.Errorf("%q is written as %q", value, &wire)
		}
		if back, err := url.PathUnescape(got); err != nil || back != value {
			t.Errorf("%q came back as %q (%v)", value, back, err)
		}
	})
}
