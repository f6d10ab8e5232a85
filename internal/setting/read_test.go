package setting_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auth.books.test/internal/setting"
)

// sample has one field of each sort. Tests that read it are not parallel, since they set
// the process's environment.
type sample struct {
	Key   setting.Secret `envconfig:"SETTING_TEST_KEY"`
	User  setting.Text   `envconfig:"SETTING_TEST_USER" file:"true" default:"nobody"`
	Slots setting.Number `envconfig:"SETTING_TEST_SLOTS" default:"3" min:"1" max:"9"`
}

func TestFilesOfSecretsAreReadWithCare(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "hush")
	for _, c := range []struct {
		name, content, want, says string
	}{
		{"a line", "pw\n", "pw", ""},
		{"a line of Windows", "pw\r\n", "pw", ""},
		{"no line ending", " p w ", " p w ", ""},
		{"nothing", "", "", "SETTING_TEST_KEY_FILE: the file that it names is empty"},
		{"blank lines", " \r\n\n", "", "SETTING_TEST_KEY_FILE: the file that it names is empty"},
		{"two lines", "pw\nhush\n", "", "SETTING_TEST_KEY_FILE: the file that it names cannot be used: it has several lines"},
		{"UTF-8 with a mark", "\ufeffpw", "", "SETTING_TEST_KEY_FILE: the file that it names cannot be used: it begins with a byte order mark"},
		{"UTF-16", "\xff\xfep\x00w\x00", "", "SETTING_TEST_KEY_FILE: the file that it names cannot be used: it begins with a byte order mark"},
		{"NUL", "p\x00w", "", "SETTING_TEST_KEY_FILE: the file that it names cannot be used: it holds a NUL byte"},
		{"a large file", strings.Repeat("hush", 17<<10), "", "SETTING_TEST_KEY_FILE: the file that it names cannot be read: it is larger than 64 KiB"},
	} {
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("SETTING_TEST_KEY_FILE", file)
		var s sample
		err := setting.Read(&s).OrNil()
		if c.says == "" && (err != nil || s.Key.Reveal() != c.want) || c.says != "" && (err == nil || !strings.HasPrefix(err.Error(), c.says)) || err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %q, %v; want %q, %q", c.name, s.Key.Reveal(), err, c.want, c.says)
		}
	}
	for file, says := range map[string]string{dir: "is a directory", filepath.Join(dir, "none"): "no such file", "hush-hush": "no such file"} {
		t.Setenv("SETTING_TEST_KEY_FILE", file)
		if err := setting.Read(&sample{}).OrNil(); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), file) {
			t.Errorf("%v, want %s", err, says)
		}
	}
}

func TestBoundsAndDefaultsAreThoseOfTheTags(t *testing.T) {
	var s sample
	if err := setting.Read(&s).OrNil(); err != nil || s.Slots.Value != 3 || s.User != "nobody" || s.Key.IsSet() {
		t.Errorf("%+v, %v", s, err)
	}
	for value, says := range map[string]string{"0": "it is too small: write 1 or more", "10": "it is too large: write 9 or less", "9": "", "1": ""} {
		t.Setenv("SETTING_TEST_SLOTS", value)
		err := setting.Read(&sample{}).OrNil()
		if (err == nil) != (says == "") || err != nil && err.Error() != "SETTING_TEST_SLOTS: "+says {
			t.Errorf("%s: %v, want %s", value, err, says)
		}
	}
}

func TestFieldThatIsNotASettingPanics(t *testing.T) {
	t.Parallel()
	for _, s := range []any{&struct{ A setting.Text }{}, &struct {
		A string `envconfig:"A"`
	}{}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T was read", s)
				}
			}()
			setting.Read(s)
		}()
	}
}
