package connect_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"auth.books.test/schema/connect"
)

func TestEveryClassOfFailureIsExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code, want string
		transient  bool
	}{
		{"08006", "broke", true},
		{"22021", "encoding", false},
		{"25006", "read-only", true},
		{"28000", "AUTH_DB_USER", false},
		{"28P01", "AUTH_DB_PASSWORD", false},
		{"3D000", "AUTH_DB_NAME", false},
		{"40001", "try again", true},
		{"40P01", "try again", true},
		{"42501", "lacks a right", false},
		{"42P01", "schema apply", false},
		{"53100", "disk", true},
		{"53200", "memory", true},
		{"53300", "max_connections", true},
		{"53400", "resources", true},
		{"57014", "too long", true},
		{"57P01", "shutting down", true},
		{"57P03", "starting", true},
		{"58030", "files", true},
		{"XX001", "damage", false},
		{"99999", "see the log", false},
	} {
		err := fmt.Errorf("commit: %w", &pgconn.PgError{Code: c.code, Message: "the server's own text"})
		got := connect.Explain(err)
		if !strings.Contains(got, c.want) || !strings.Contains(got, c.code) || strings.Contains(got, "own text") {
			t.Errorf("%s is explained as %q, want %q", c.code, got, c.want)
		}
		if connect.IsTransient(err) != c.transient || connect.IsMisconfigured(err) {
			t.Errorf("%s: transient %v, misconfigured %v", c.code, connect.IsTransient(err), connect.IsMisconfigured(err))
		}
	}
	for want, err := range map[string]error{
		"in time":                   fmt.Errorf("connect: %w", context.DeadlineExceeded),
		"standby":                   connect.ErrStandby,
		"ignore_startup_parameters": &pgconn.PgError{Code: "08P01", Message: "unsupported startup parameter: options"},
		"sslmode demands it":        errors.New("server refused TLS connection"),
		"must be UTF8":              &connect.EncodingError{Encoding: "LATIN1"},
	} {
		if got := connect.Explain(err); !strings.Contains(got, want) {
			t.Errorf("%v is explained as %q, want %q", err, got, want)
		}
	}
}

func TestStartupParametersAreThoseThatPoolersAccept(t *testing.T) {
	t.Parallel()
	for query, left := range map[string]string{
		"search_path=x&statement_timeout=5&lock_timeout=1": "",
		"options=-c%20search_path%3Dx":                     "",
		"options=-csearch_path%3Dx%20--lock-timeout%3D1":   "",
		"options=-c%20search_path%3Dx%20-c%20work_mem%3D1": "-c work_mem=1",
		"options=project%3Dmine":                           "project=mine",
		`options=-c%20search_path%3Da\%20b`:                `-c search_path=a\ b`,
	} {
		c, err := connect.Config("postgres://u:p@h/d?"+query, "test")
		if err != nil {
			t.Fatal(err)
		}
		if got := c.RuntimeParams["options"]; got != left {
			t.Errorf("%s: options are %q, want %q", query, got, left)
		}
		delete(c.RuntimeParams, "options")
		if len(c.RuntimeParams) != 3 || c.RuntimeParams["application_name"] != "test" {
			t.Errorf("%s: parameters are %v", query, c.RuntimeParams)
		}
	}
}

// With sslmode=prefer both attempts fail, and the second error is the reason.
func TestAnotherFailureBesideTLSIsNotAMisconfiguration(t *testing.T) {
	t.Parallel()
	tls, password := errors.New("server refused TLS connection"), &pgconn.PgError{Code: "28P01"}
	for _, c := range []struct {
		name          string
		err           error
		misconfigured bool
	}{
		{"TLS is demanded and refused", errors.Join(tls), true},
		{"TLS is demanded and refused at two addresses", errors.Join(tls, tls), true},
		{"TLS is preferred, and the password is wrong", errors.Join(tls, password), false},
		{"TLS is preferred, and nobody answers", errors.Join(tls, context.DeadlineExceeded), false},
	} {
		if got := connect.IsMisconfigured(fmt.Errorf("connect: %w", c.err)); got != c.misconfigured {
			t.Errorf("%s: misconfigured %v, want %v", c.name, got, c.misconfigured)
		}
	}
}
