package setting

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Text is a name, such as that of a user or a database.
type Text string

// Decode accepts a name without blanks at its ends and without control characters.
func (t *Text) Decode(text string) error {
	if strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl) || !isUTF8(text) {
		return errors.New("it begins or ends with a blank, or holds a control character: write the name alone")
	}
	*t = Text(text)
	return nil
}

func isUTF8(text string) bool { return strings.ToValidUTF8(text, "") == text }

// TextList is a list of texts, separated by commas.
type TextList struct{ List []string }

// Decode splits the list. Blanks around an entry are ignored.
func (l *TextList) Decode(text string) error {
	entries, err := List(text)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		if err := new(Text).Decode(entry); err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	l.List = entries
	return nil
}

func (l TextList) String() string { return strings.Join(l.List, ",") }

// Realm is the name of a protection space (RFC 9110, section 11.5).
type Realm string

// Decode accepts what needs no escaping in a quoted string: printable ASCII without
// quotation marks and backslashes.
func (r *Realm) Decode(text string) error {
	if strings.TrimSpace(text) != text || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }) {
		return errors.New("it begins or ends with a blank, or holds a quotation mark, a backslash, or a character that is not printable ASCII: write a name such as auth.books.test")
	}
	*r = Realm(text)
	return nil
}

// Toggle is true or false.
type Toggle struct{ On bool }

// Decode accepts true, false, 1, 0, t and f, in lower or upper case.
func (t *Toggle) Decode(text string) (err error) {
	if t.On, err = strconv.ParseBool(text); err != nil {
		return errors.New("write true or false")
	}
	return nil
}

func (t Toggle) String() string { return strconv.FormatBool(t.On) }

// Level is the log level.
type Level struct{ slog.Level }

// Decode accepts debug, info, warn and error, in lower or upper case.
func (l *Level) Decode(text string) error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(text)) {
		return errors.New("write debug, info, warn or error")
	}
	return l.UnmarshalText([]byte(text))
}

// List splits text at commas. Blanks around an entry are ignored.
func List(text string) ([]string, error) {
	entries := strings.Split(text, ",")
	for i := range entries {
		if entries[i] = strings.TrimSpace(entries[i]); entries[i] == "" {
			return nil, fmt.Errorf("entry %d is empty: write one comma between two entries, and none at the end", i+1)
		}
	}
	return entries, nil
}
