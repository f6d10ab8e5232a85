package setting

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

// Secret is a setting that is never printed.
type Secret struct{ value string }

// NewSecret makes a Secret.
func NewSecret(value string) Secret { return Secret{value} }

// Decode takes the value without line endings at its end, which editors and commands add.
func (s *Secret) Decode(text string) error {
	text, err := plain(text)
	s.value = text
	return err
}

// Reveal returns the value.
func (s Secret) Reveal() string { return s.value }

// IsSet says whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

// String hides the value.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return "********"
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the value from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// plain removes line endings at the end, and refuses what no setting may contain.
func plain(text string) (string, error) {
	text = strings.TrimRight(text, "\r\n")
	switch {
	case strings.HasPrefix(text, "\ufeff"), strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		return "", errors.New("it begins with a byte order mark: write it as UTF-8 without one")
	case strings.Contains(text, "\x00"):
		return "", errors.New("it holds a NUL byte: write it as text in UTF-8")
	case strings.ContainsAny(text, "\r\n"):
		return "", errors.New("it has several lines: write one")
	}
	return text, nil
}

// maxFile is the largest file that is accepted, in bytes.
const maxFile = 64 << 10

// readFile reads a setting from the file that name_FILE names. Faults leave out the file's
// name: it may be a secret that was put into the wrong variable.
func readFile(faults *Faults, name, file string, set bool, kind decoder) {
	variable := name + fileSuffix
	switch {
	case strings.TrimSpace(file) == "":
		faults.Add(variable, "it is set but empty: unset it, or name a file")
		return
	case set:
		faults.Add(name, "it is set, and so is %s: set one of them", variable)
		return
	}
	text, err := contents(file)
	if err != nil {
		faults.Add(variable, "the file that it names cannot be read: %v", err)
		return
	}
	if strings.TrimSpace(text) == "" {
		faults.Add(variable, "the file that it names is empty: write the value into it")
		return
	}
	if text, err = plain(text); err == nil {
		err = kind.Decode(text)
	}
	if err != nil {
		faults.Add(variable, "the file that it names cannot be used: %v", err)
	}
}

// contents reads a file. Its error leaves out the name.
func contents(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", withoutName(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", withoutName(err)
	}
	if len(b) > maxFile {
		return "", errors.New("it is larger than 64 KiB")
	}
	return string(b), nil
}

func withoutName(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
