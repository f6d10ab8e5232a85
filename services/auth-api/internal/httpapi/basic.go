package httpapi

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
)

// client finds out which client asks (client_secret_basic).
func (s *Server) client(c *fiber.Ctx) (client.Client, error) {
	headers := c.Request().Header.PeekAll(fiber.HeaderAuthorization)
	if len(headers) > 1 {
		return client.Client{}, invalidRequest("Send one Authorization header, not several.")
	}
	if len(headers) == 0 {
		return client.Client{}, fault.New(fault.InvalidClient, "Send the client's id and secret, as HTTP Basic.")
	}
	id, secret, ok := basic(string(headers[0]))
	if !ok {
		return client.Client{}, fault.New(fault.InvalidClient, "The Authorization header is not HTTP Basic.")
	}
	return s.Clients.Authenticate(c.UserContext(), id, secret)
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

// media is the media type of the body, in lower case.
func media(c *fiber.Ctx) string {
	media, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// formOf reads the form in the body. The first parameter is needed; none may be
// there twice (RFC 6749, section 3.2).
func formOf(c *fiber.Ctx, needed string, others ...string) (map[string]string, error) {
	if media(c) != formType {
		return nil, invalidRequest("Send a form, with Content-Type: " + formType + ".")
	}
	form, args := map[string]string{}, c.Request().PostArgs()
	for _, name := range append(others, needed) {
		if len(args.PeekMulti(name)) > 1 {
			return nil, invalidRequest(name + " is there more than once.")
		}
		form[name] = string(args.Peek(name))
	}
	if form[needed] == "" {
		return nil, invalidRequest(needed + " is missing.")
	}
	return form, nil
}
