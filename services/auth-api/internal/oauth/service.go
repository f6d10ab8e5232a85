package oauth

import (
	"io"
	"time"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/services/auth-api/internal/servicekey"
)

// Options are the parts of a Service. All are required, except Hints.
type Options struct {
	DB             *postgres.DB
	Apps           Apps
	APIs           APIs
	Names          Names
	Authorizations *authorization.Service
	// Hints may be nil: then no ID tokens are made either.
	Hints Hints
	// Issuer is the URL of this service, without a slash at its end.
	Issuer string
	// Ring seals requests and draws codes.
	Ring *servicekey.Ring
	// AccessLifetime is how long an access token of an app lives, RefreshLifetime how long an
	// app may refresh without the person.
	AccessLifetime, RefreshLifetime time.Duration
	Now                             func() time.Time
	Random                          io.Reader
}

// Service answers authorization requests and issues tokens for them.
type Service struct{ Options }

// New makes a Service.
func New(o Options) *Service { return &Service{o} }

// Seal seals a request for one browser, which is named by the secret in its cookie.
func (s *Service) Seal(r Request, browser string) (Sealed, error) {
	return seal(s.Ring, s.Random, r, browser)
}

// Open reads a request that was sealed for the browser. Fault: request_expired.
func (s *Service) Open(sealed Sealed, browser string) (Request, error) {
	return open(s.Ring, s.Now(), sealed, browser)
}
