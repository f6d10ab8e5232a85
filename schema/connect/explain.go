package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrStandby means that the server is a standby: it can only be read, and its data may be
// old.
var ErrStandby = errors.New("the server is a standby and accepts no writes")

// ErrReadOnly means that the database accepts no writes.
var ErrReadOnly = errors.New("the database is read-only: it is a standby, or default_transaction_read_only is on (some providers set it when the disk is nearly full)")

// EncodingError means that the database is not in UTF-8.
type EncodingError struct{ Encoding string }

func (e *EncodingError) Error() string {
	return fmt.Sprintf("the encoding of the database is %s, and must be UTF8: create a new database (CREATE DATABASE auth TEMPLATE template0 ENCODING 'UTF8')", e.Encoding)
}

// IsReadOnly reports whether the server accepts no writes. Then the connection should be
// closed: another may lead to a server that does.
func IsReadOnly(err error) bool {
	return errors.Is(err, ErrStandby) || errors.Is(err, ErrReadOnly) || code(err) == "25006"
}

// BeganOnStandby reports whether the SQL of Begin failed because the server is a standby.
func BeganOnStandby(err error) bool { return code(err) == "0A000" }

// IsMisconfigured reports whether only a change of settings helps, so that a retry is
// useless: the certificate is not trusted, one side does not speak TLS, or the encoding is
// not UTF-8.
func IsMisconfigured(err error) bool {
	var encoding *EncodingError
	return errors.As(err, &encoding) || isTLS(err)
}

// IsTransient reports whether a retry may succeed: the server starts, stops, fails over, is
// read-only or lacks resources, or transactions conflicted.
func IsTransient(err error) bool {
	switch c := code(err); {
	case IsReadOnly(err), strings.HasPrefix(c, "08"), strings.HasPrefix(c, "40"), strings.HasPrefix(c, "53"), strings.HasPrefix(c, "57"), strings.HasPrefix(c, "58"):
		return true
	case c != "":
		return false
	}
	var network net.Error
	return errors.As(err, &network)
}

// Explain returns one sentence that says what is wrong and what to do. It holds no secret, no
// address and no text of the server, so anybody may read it.
func Explain(err error) string {
	var pg *pgconn.PgError
	var encoding *EncodingError
	var dns *net.DNSError
	var network *net.OpError
	switch {
	case errors.Is(err, ErrStandby):
		return ErrStandby.Error() + ": connect to the primary (AUTH_DB_HOST or AUTH_DB_URL)"
	case errors.Is(err, ErrReadOnly):
		return ErrReadOnly.Error()
	case errors.As(err, &encoding):
		return encoding.Error()
	case errors.As(err, &pg):
		return explainCode(pg)
	case isTLS(err):
		return explainTLS(err)
	case errors.As(err, &dns):
		return "the host name cannot be resolved: check AUTH_DB_HOST or AUTH_DB_URL"
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return "Postgres does not answer in time"
	case errors.As(err, &network) && network.Op == "dial":
		return "Postgres cannot be reached: check that it runs, and AUTH_DB_HOST and AUTH_DB_PORT, or AUTH_DB_URL"
	}
	return "the connection to Postgres fails"
}

// explainCode covers the classes of errors in Appendix A of the Postgres manual that are not
// caused by our own SQL.
func explainCode(pg *pgconn.PgError) string {
	text := words(pg.Code)
	if text == "" {
		text = words(pg.Code[:min(2, len(pg.Code))])
	}
	if strings.HasPrefix(pg.Message, "unsupported startup parameter") {
		text = "the pooler refuses a startup parameter: remove it from AUTH_DB_URL or PGOPTIONS, or add it to the pooler's ignore_startup_parameters"
	}
	if text == "" {
		text = "Postgres refuses a statement; see the log"
	}
	return fmt.Sprintf("%s (SQLSTATE %s)", text, pg.Code)
}

// words explains a SQLSTATE, or its class of two characters.
func words(code string) string {
	switch code {
	case "08":
		return "the connection to Postgres, or the pooler's connection, broke"
	case "22021":
		return "the text does not fit the encoding of the database"
	case "25006":
		return ErrReadOnly.Error()
	case "26000":
		return "a prepared statement is missing because a pooler runs in transaction mode; try again"
	case "28":
		return "Postgres refuses this user from this address: check AUTH_DB_USER, AUTH_DB_SSLMODE and pg_hba.conf"
	case "28P01":
		return "Postgres refuses the password of this user: check AUTH_DB_USER and AUTH_DB_PASSWORD, or AUTH_DB_URL"
	case "3D000":
		return "there is no such database: create it, or check AUTH_DB_NAME or AUTH_DB_URL"
	case "3F000":
		return "there is no schema \"" + Schema + "\" in the database: create it, then run: auth-api schema apply"
	case "40":
		return "transactions conflicted on the same rows; try again"
	case "42501":
		return "the user lacks a right in the database: serve as a member of the role in AUTH_DB_SERVICE_ROLE, and change the schema as the owner"
	case "42P01":
		return "a table is missing: run: auth-api schema apply"
	case "42703":
		return "a column is missing: run: auth-api schema apply"
	case "53":
		return "Postgres lacks resources"
	case "53100":
		return "the disk of Postgres is full"
	case "53200":
		return "Postgres is out of memory"
	case "53300":
		return "Postgres has no connection left: raise max_connections, or lower AUTH_DB_MAX_CONNECTIONS"
	case "55P03":
		return "a table or row is in use"
	case "57":
		return "an operator intervenes in Postgres"
	case "57014":
		return "a statement took too long"
	case "57P01":
		return "Postgres is shutting down"
	case "57P02":
		return "Postgres is restarting after a crash"
	case "57P03":
		return "Postgres is starting or shutting down"
	case "58":
		return "Postgres cannot use its files"
	case "XX":
		return "Postgres reports damage"
	}
	return ""
}

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// isTLS reports whether only TLS failed. With sslmode=prefer or several hosts, pgx makes
// several attempts and joins their errors. Then another error counts, such as a wrong
// password.
func isTLS(err error) bool {
	var dns *net.DNSError
	var network *net.OpError
	if code(err) != "" || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &dns) || errors.As(err, &network) && network.Op == "dial" {
		return false
	}
	var verification *tls.CertificateVerificationError
	var hostname x509.HostnameError
	var authority x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &verification) || errors.As(err, &hostname) || errors.As(err, &authority) || errors.As(err, &record) ||
		errors.As(err, &alert) || err != nil && strings.Contains(err.Error(), "server refused TLS connection")
}

func explainTLS(err error) string {
	var hostname x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &hostname):
		return "TLS: the certificate of Postgres is for another host: check the host in AUTH_DB_HOST or AUTH_DB_URL, or use sslmode=verify-ca"
	case errors.As(err, &authority):
		return "TLS: the certificate of Postgres is signed by an authority that is not trusted: name its file in PGSSLROOTCERT, or as sslrootcert in AUTH_DB_URL"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "TLS: the certificate of Postgres has expired or is not valid yet: renew it"
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return "TLS: it is switched off in Postgres, but sslmode demands it: switch it on (ssl = on), or check AUTH_DB_SSLMODE or AUTH_DB_URL"
	}
	return "TLS: the connection to Postgres cannot be secured: check AUTH_DB_SSLMODE, or sslmode, sslrootcert and sslcert in AUTH_DB_URL"
}
