package servicetest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"time"
)

// Person is somebody with a browser that has no JavaScript: it keeps cookies, follows
// redirects, and fills in the forms of auth-api.
type Person struct {
	t               testing.TB
	issuer          *url.URL
	client          *http.Client
	email, password string
}

// NewPerson makes a Person who is not signed in yet.
func NewPerson(t testing.TB, issuer, email, password string) *Person {
	t.Helper()
	u, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Person{t: t, issuer: u, email: email, password: password, client: &http.Client{
		Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Trust makes the browser believe a server with this certificate.
func (p *Person) Trust(certificate *x509.Certificate) {
	authorities := x509.NewCertPool()
	authorities.AddCert(certificate)
	p.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}}
}

// Visit opens a page, signs in and says yes to whatever is asked, and returns the URL with
// which the browser leaves auth-api.
func (p *Person) Visit(address string) *url.URL {
	p.t.Helper()
	left, err := p.Walk(address, Allow)
	if err != nil {
		p.t.Fatal(err)
	}
	return left
}

// Code opens an authorization request, and returns the parameters that the app gets.
func (p *Person) Code(authorizeURL string) url.Values {
	p.t.Helper()
	got := p.Visit(authorizeURL).Query()
	if got.Get("code") == "" {
		p.t.Fatalf("no code: %v", got)
	}
	return got
}

// Look returns the page that a link shows, without pressing anything on it.
func (p *Person) Look(address string) string {
	p.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	response, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.Status + " " + response.Header.Get("Location") + " " + string(body)
}
