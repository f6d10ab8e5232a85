package connect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Config parses a postgres:// URL (and libpq's PG... variables). It removes the startup
// parameters that Settings replaces, and adds only those that PgBouncer accepts. If the URL
// names several hosts, it skips standbys.
func Config(url, applicationName string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	Prepare(c, applicationName)
	return c, nil
}

// Prepare is Config for a configuration that is already parsed.
func Prepare(c *pgx.ConnConfig, applicationName string) {
	for name := range c.RuntimeParams {
		if isPinned(name) {
			delete(c.RuntimeParams, name)
		}
	}
	if options, found := c.RuntimeParams["options"]; found {
		if left := withoutPinned(options); left == "" {
			delete(c.RuntimeParams, "options")
		} else {
			c.RuntimeParams["options"] = left
		}
	}
	c.RuntimeParams["application_name"] = applicationName
	// Startup parameters override ALTER ROLE ... SET, and PgBouncer tracks these two.
	c.RuntimeParams["client_encoding"] = "UTF8"
	c.RuntimeParams["standard_conforming_strings"] = "on"
	if c.ValidateConnect == nil && len(c.Fallbacks) > 0 {
		c.ValidateConnect = validatePrimary
	}
}

// withoutPinned removes "-c name=value" and "--name=value" of pinned settings
// from libpq's options.
func withoutPinned(options string) string {
	if strings.Contains(options, `\`) {
		return options // It has escaped spaces. In a direct session Settings override it anyway.
	}
	var left []string
	words := strings.Fields(options)
	for i := 0; i < len(words); i++ {
		setting, taken := "", []string{words[i]}
		switch {
		case words[i] == "-c" && i+1 < len(words):
			i++
			setting, taken = words[i], append(taken, words[i])
		case strings.HasPrefix(words[i], "-c"), strings.HasPrefix(words[i], "--"):
			setting = words[i][2:]
		}
		name, _, _ := strings.Cut(setting, "=")
		if !isPinned(strings.ReplaceAll(name, "-", "_")) {
			left = append(left, taken...)
		}
	}
	return strings.Join(left, " ")
}

func isPinned(name string) bool {
	return slices.ContainsFunc(Settings(0), func(s Setting) bool { return strings.EqualFold(s.Name, name) })
}

func validatePrimary(ctx context.Context, c *pgconn.PgConn) error {
	results, err := c.Exec(ctx, "SELECT pg_is_in_recovery()").ReadAll()
	if err != nil {
		return fmt.Errorf("ask whether the server is a standby: %w", err)
	}
	if len(results) == 1 && len(results[0].Rows) == 1 && string(results[0].Rows[0][0]) == "t" {
		return ErrStandby
	}
	return nil
}
