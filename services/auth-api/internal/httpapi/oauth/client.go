package oauth

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
)

// optionalClient finds out which client asks (client_secret_basic). It is nil if
// no credentials are shown: no header, or an empty id and secret, as Swagger UI
// sends them where nothing is filled in. Credentials that are shown must be right.
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
	if err != nil {
		return nil, err
	}
	return &who, nil
}

// client is optionalClient where one is needed.
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

// oneMethod refuses credentials of a client in the form: we take them in the
// header alone, and one request uses one method (RFC 6749, section 2.3). The id
// of the client that the header has shown may stand there as well.
func oneMethod(form map[string]string, who *client.Client) error {
	id := form["client_id"]
	other := form["client_secret"] != "" || form["client_assertion"] != ""
	switch {
	case who != nil && (other || id != "" && id != who.ID.String()):
		return invalidRequest("Show one client, and its credentials once: in the Authorization header.")
	case who == nil && (other || id != ""):
		return fault.New(fault.InvalidClient, "Clients show their id and secret as HTTP Basic, not in the form; there are none without a secret.")
	}
	return nil
}

// basic takes id and secret out of the header. Both are form-encoded before they
// are joined (RFC 6749, section 2.3.1).
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
