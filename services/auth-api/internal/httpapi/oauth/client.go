package oauth

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
)

// client authenticates the client that introspects (client_secret_basic). It needs no
// Postgres.
func (s *Service) client(c *fiber.Ctx) (client.Client, error) {
	id, secret, err := basicOf(c)
	if err == nil && id == "" && secret == "" {
		err = fault.New(fault.InvalidClient, "Send the client's id and secret, as HTTP Basic.")
	}
	if err != nil {
		return client.Client{}, err
	}
	who, err := s.Clients.Authenticate(c.UserContext(), id, secret)
	if fault.CodeOf(err) == fault.InvalidClient {
		return client.Client{}, s.missed(c.UserContext(), err)
	}
	return who, err
}

// missed counts a wrong secret, and answers one over the limit with the limit's fault. A
// right secret is never refused: the APIs of a cluster often share an address, and one of
// them with an old secret must not stop verification for the others. Nothing is lost by it,
// since a secret has 256 random bits, and checking it needs no hash of a password.
func (s *Service) missed(ctx context.Context, wrong error) error {
	r, _ := request.Of(ctx)
	if err := s.Limits.MissClient(ctx, r.IP); err != nil {
		wrong = err
	}
	s.Refusals.Note(ctx, audit.Event{Verb: audit.AuthenticateClient, Reason: fault.CodeOf(wrong)})
	return wrong
}

// refuseFormCredentials refuses credentials of a client in the form of an introspection: only
// the header is supported there, and a request may use only one method (RFC 6749, section
// 2.3). The form may repeat the id of the client that the header has authenticated.
func refuseFormCredentials(f form, who client.Client) error {
	if id := f.get("client_id"); f.get("client_secret") != "" || f.get("client_assertion") != "" || id != "" && id != who.ID.String() {
		return invalidRequest("Send the credentials of one client, and only in the Authorization header.")
	}
	return nil
}

// basicOf reads id and secret from the Authorization header. Both are empty if there is none,
// or if the header has an empty pair, which Swagger UI sends if nothing was filled in.
func basicOf(c *fiber.Ctx) (id, secret string, err error) {
	headers := c.Request().Header.PeekAll(fiber.HeaderAuthorization)
	if len(headers) > 1 {
		return "", "", invalidRequest("Send one Authorization header, not several.")
	}
	if len(headers) == 0 || len(headers[0]) == 0 {
		return "", "", nil
	}
	id, secret, ok := basic(string(headers[0]))
	if !ok {
		return "", "", fault.New(fault.InvalidClient, "The Authorization header is not HTTP Basic.")
	}
	return id, secret, nil
}

// basic decodes id and secret from the header. Clients form-encode both before they join
// them (RFC 6749, section 2.3.1).
func basic(header string) (id, secret string, ok bool) {
	scheme, rest, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	pair, err := base64.StdEncoding.Strict().DecodeString(strings.Trim(rest, " "))
	if err != nil {
		return "", "", false
	}
	encodedID, encodedSecret, found := strings.Cut(string(pair), ":")
	if !found {
		return "", "", false
	}
	id, errID := url.QueryUnescape(encodedID)
	secret, errSecret := url.QueryUnescape(encodedSecret)
	return id, secret, errID == nil && errSecret == nil
}
