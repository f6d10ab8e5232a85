package setting_test

import (
	"fmt"
	"testing"

	"auth.books.test/internal/setting"
)

// What is accepted can be printed and read again, as `auth-api config` prints settings to be
// copied. Nothing is accepted that the next start would refuse.
func FuzzAcceptedSettingsCanBePrintedAndReadAgain(f *testing.F) {
	for _, seed := range []string{
		"", "0", "-1", "1", "65535", "65536", "on", "true", "1m", "720h", "1.5h", "127.0.0.1:8000", ":8000", "[::1]:8000", "localhost", "https://a.test", "https://a.test/", "http://a.test:80",
		"https://a.test,https://b.test", "10.0.0.0/8", "10.0.0.1/8", "::/0", "::ffff:10.0.0.0/104", "10.0.0.1,10.0.0.1", "books", "a b", "\"", "a,b", "\x00", "10e3", "٣",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, made := range map[string]func() decoder{
			"a number":   func() decoder { return &setting.Number{} },
			"networks":   func() decoder { return &setting.Networks{} },
			"an origin":  func() decoder { return &setting.Origin{} },
			"origins":    func() decoder { return &setting.Origins{} },
			"a list":     func() decoder { return &setting.TextList{} },
			"on and off": func() decoder { return &setting.Toggle{} },
		} {
			first, second := made(), made()
			if first.Decode(text) != nil {
				continue
			}
			printed := first.String()
			if err := second.Decode(printed); err != nil {
				t.Errorf("%s: %q is accepted and printed as %q, which is refused: %v", name, text, printed, err)
			} else if second.String() != printed {
				t.Errorf("%s: %q is printed as %q, then as %q", name, text, printed, second)
			}
		}
	})
}

type decoder interface {
	Decode(string) error
	fmt.Stringer
}
