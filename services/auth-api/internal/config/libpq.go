package config

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

// parameter is a parameter of libpq: its name in a URL, and the name of its environment
// variable, if it has one.
type parameter struct {
	param, variable string
	check           func(string) error
}

// libpq are the parameters that the driver knows, and run-time settings of Postgres that
// are useful to a client. The list is closed: the driver would send a misspelt parameter to
// Postgres, which would then refuse every connection.
func libpq() []parameter {
	return []parameter{
		{"sslmode", "PGSSLMODE", func(s string) error { return new(sslMode).Decode(s) }},
		{"sslrootcert", "PGSSLROOTCERT", checkRoots},
		{"sslcert", "PGSSLCERT", checkPEM("CERTIFICATE")},
		{"sslkey", "PGSSLKEY", checkPEM("")},
		{"sslpassword", "PGSSLPASSWORD", anything},
		{"sslcertmode", "PGSSLCERTMODE", oneOf("disable", "allow", "require")},
		{"sslnegotiation", "PGSSLNEGOTIATION", oneOf("postgres", "direct")},
		{"sslsni", "PGSSLSNI", oneOf("0", "1")},
		{"channel_binding", "PGCHANNELBINDING", oneOf("disable", "prefer", "require")},
		{"require_auth", "PGREQUIREAUTH", anything},
		{"passfile", "PGPASSFILE", anything},
		{"connect_timeout", "PGCONNECT_TIMEOUT", checkSeconds},
		{"target_session_attrs", "PGTARGETSESSIONATTRS", oneOf("any", "read-write", "read-only", "primary", "standby", "prefer-standby")},
		{"min_protocol_version", "PGMINPROTOCOLVERSION", oneOf("3.0", "3.2", "latest")},
		{"max_protocol_version", "PGMAXPROTOCOLVERSION", oneOf("3.0", "3.2", "latest")},
		{"application_name", "PGAPPNAME", anything},
		{"options", "PGOPTIONS", anything},
		{"timezone", "PGTZ", anything},
		{"krbsrvname", "", anything}, {"krbspn", "", anything},
		{"default_query_exec_mode", "", oneOf("cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol")},
		{"statement_cache_capacity", "", checkSeconds}, {"description_cache_capacity", "", checkSeconds},
		{"search_path", "", anything}, {"client_encoding", "", anything}, {"role", "", anything}, {"datestyle", "", anything}, {"intervalstyle", "", anything},
		{"statement_timeout", "", anything}, {"lock_timeout", "", anything}, {"idle_in_transaction_session_timeout", "", anything},
		{"default_transaction_isolation", "", anything}, {"default_transaction_read_only", "", anything}, {"default_transaction_deferrable", "", anything},
	}
}

func anything(string) error { return nil }

func checkSeconds(text string) error {
	if n, err := strconv.ParseUint(text, 10, 31); err != nil || strconv.FormatUint(n, 10) != text {
		return errors.New("write a whole number")
	}
	return nil
}

func checkRoots(file string) error {
	if file == "system" {
		return nil
	}
	return checkPEM("CERTIFICATE")(file)
}

// checkPEM checks that a file holds PEM of a kind; "" is any kind. Errors leave out the
// file's name: it may be a part of a URL that was not escaped, such as a password.
func checkPEM(kind string) func(file string) error {
	return func(file string) error {
		b, err := os.ReadFile(file)
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		if err != nil {
			return fmt.Errorf("the file cannot be read (%w): name a readable file", err)
		}
		for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
			if kind == "" || block.Type == kind && isCertificate(block.Bytes) {
				return nil
			}
		}
		return errors.New("the file has no PEM block of the required kind: name one that has")
	}
}

func isCertificate(der []byte) bool {
	_, err := x509.ParseCertificate(der)
	return err == nil
}
