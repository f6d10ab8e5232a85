package config

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// Secret is a setting that is never printed.
type Secret struct{ value string }

// NewSecret makes a secret of a value.
func NewSecret(value string) Secret { return Secret{value} }

// Decode takes the value.
func (s *Secret) Decode(value string) error {
	s.value = value
	return nil
}

// Reveal gives the value to what needs it.
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

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue is String, for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String, for encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// readFiles takes the secrets that are given as files.
func (c *Config) readFiles(faults *Faults) {
	for _, f := range []struct {
		variable, file string
		secret         *Secret
	}{
		{"AUTH_DB_URL", c.AuthDBURLFile, &c.AuthDBURL},
		{"AUTH_DB_PASSWORD", c.AuthDBPassFile, &c.AuthDBPassword},
		{"SESSION_DB_URL", c.SessionDBURLFile, &c.SessionDBURL},
		{"SESSION_DB_PASSWORD", c.SessionDBPassFile, &c.SessionDBPassword},
		{"SESSION_DB_TOKEN_KEY", c.TokenKeyFile, &c.TokenKey},
		{"PASSWORD_PEPPER", c.PepperFile, &c.Pepper},
	} {
		readFile(f.variable, f.file, &f.secret.value, faults)
	}
	readFile("AUTH_DB_USER", c.AuthDBUserFile, &c.AuthDBUser, faults)
}

func readFile(variable, file string, value *string, faults *Faults) {
	if file == "" {
		return
	}
	if *value != "" {
		faults.add(variable, "it is set, and so is %s_FILE: set one of them", variable)
		return
	}
	b, err := os.ReadFile(file)
	if err != nil {
		faults.add(variable+"_FILE", "%v", fmt.Errorf("the file cannot be read: %w", err))
		return
	}
	if *value = strings.TrimRight(string(b), "\r\n"); *value == "" {
		faults.add(variable+"_FILE", "the file %s is empty", file)
	}
}
