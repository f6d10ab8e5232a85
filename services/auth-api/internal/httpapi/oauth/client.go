package oauth

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
)

// optionalClient authenticates the client, if it sends credentials (client_secret_basic).
// It is nil if there are none: no header, or an empty id and secret, which Swagger UI
// sends if nothing was filled in. Wrong credentials are an error.
func (s *Service) optionalClient(c *fiber.Ctx) (*client.Client, error) {
	headers := c.Request().Header.PeekAll(fiber.HeaderAuthorization)
	if len(headers) > 1 {
		return nil, invalidRequest("Send one Authorization header, not several.")
	}
	if len(headers) == 0 || len(headers[0]) == 0 {
		return nil, nil
	}
	id, secret, ok := basic(string(headers[0]))
	if !ok {
		return nil, fault.New(fault.InvalidClient, "The Authorization header is not HTTP Basic.")
	}
	if id == "" && secret == "" {
		return nil, nil
	}
	who, err := s.Clients.Authenticate(c.UserContext(), id, secret)
	if fault.CodeOf(err) == fault.InvalidClient {
		return nil, s.missed(c.UserContext(), err)
	}
	if err != nil {
		return nil, err
	}
	return &who, nil
}

// missed counts a wrong secret, and answers one over the limit with the limit's fault. A
// right secret is never refused: the APIs of a cluster often share an address, and one of
// them with an old secret must not stop verification for the others. Nothing is lost by it,
// since a secret has 256 random bits, and checking it needs neither a hash of a password
// nor Postgres.
func (s *Service) missed(ctx context.Context, wrong error) error {
	r, _ := request.Of(ctx)
	if err := s.Limits.MissClient(ctx, r.IP); err != nil {
		return err
	}
	return wrong
}

// client is optionalClient for routes that require a client.
func (s *Service) client(c *fiber.Ctx) (client.Client, error) {
	who, err := s.optionalClient(c)
	switch {
	case err != nil:
		return client.Client{}, err
	case who == nil:
		return client.Client{}, fault.New(fault.InvalidClient, "Send the client's id and secret, as HTTP Basic.")
	}
	return *who, nil
}

// refuseFormCredentials refuses credentials of a client in the form: only the header is
// supported, and a request may use only one method (RFC 6749, section 2.3). The form may
// repeat the id of the client that the header has authenticated.
func refuseFormCredentials(form map[string]string, who *client.Client) error {
	id := form["client_id"]
	other := form["client_secret"] != "" || form["client_assertion"] != ""
	switch {
	case who != nil && (other || id != "" && id != who.ID.String()):
		return invalidRequest("Send the credentials of one client, and only in the Authorization header.")
	case who == nil && (other || id != ""):
		return fault.New(fault.InvalidClient, "Send the client's id and secret as HTTP Basic, not in the form. Clients without a secret are not supported.")
	}
	return nil
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
