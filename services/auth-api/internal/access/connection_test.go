package access_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/verify/direct"
)

// certificate makes a self-signed certificate for a host.
func certificate(t *testing.T, host string, until time.Time) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, parsed
}

// serve completes TLS handshakes, like a Redis at its TLS port.
func serve(t *testing.T, c tls.Certificate) (addr string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{c}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = conn.Read(make([]byte, 1))
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func TestConnectionProblemsAreExplained(t *testing.T) {
	t.Parallel()
	tomorrow := time.Now().Add(24 * time.Hour)
	other, trusted := certificate(t, "redis.example.org", tomorrow)
	expired, alsoTrusted := certificate(t, "127.0.0.1", time.Now().Add(-24*time.Hour))
	unknown, _ := certificate(t, "127.0.0.1", tomorrow)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	roots := x509.NewCertPool()
	roots.AddCert(trusted)
	roots.AddCert(alsoTrusted)
	for says, url := range map[string]string{
		"is for another host":              "rediss://" + serve(t, other),
		"has expired":                      "rediss://" + serve(t, expired),
		"an authority that is not trusted": "rediss://" + serve(t, unknown),
		"or the other way round":           strings.Replace(devtest.Redis(t), "redis://", "rediss://", 1),
		"cannot be resolved":               "redis://nobody.invalid:6379",
		"does not answer":                  "redis://" + closed.Addr().String(),
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			options, err := direct.RedisOptions(url)
			if err != nil {
				t.Fatal(err)
			}
			if options.TLSConfig != nil {
				options.TLSConfig.RootCAs = roots
			}
			client := redis.NewClient(options)
			defer client.Close()
			got := access.NewStore(client, nil, 5*time.Second, &forgotten{}).Check(t.Context())
			if !got.Down || !strings.Contains(got.Problem, says) {
				t.Errorf("%+v, want that Redis %s", got, says)
			}
		})
	}
}
