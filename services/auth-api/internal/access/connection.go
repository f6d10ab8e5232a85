package access

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// explainConnection says why a connection fails, and how to fix it.
func explainConnection(err error) string {
	var hostname x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	switch {
	case errors.As(err, &hostname):
		return "TLS: the certificate of Redis is for another host: use the host that it names in SESSION_DB_URL or SESSION_DB_HOST."
	case errors.As(err, &authority):
		return "TLS: the certificate of Redis is signed by an authority that is not trusted: name a file with that authority in SSL_CERT_FILE."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "TLS: the certificate of Redis has expired or is not valid yet: renew it."
	case errors.As(err, &invalid):
		return "TLS: the certificate of Redis cannot be used for a server: issue another."
	case errors.As(err, &record):
		return "Redis does not speak TLS at this port: name its TLS port, or write redis:// instead of rediss://."
	case errors.As(err, &dns):
		return "The host name of Redis cannot be resolved: check SESSION_DB_URL or SESSION_DB_HOST."
	}
	return "Redis does not answer: it is down, cannot be reached, accepts no more connections, or speaks TLS although the URL does not (rediss://), or the other way round."
}
