package oauth

import (
	"context"
	"slices"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
)

// assertionType is the only type of assertions (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// caller authenticates the client that calls, and makes it the one who acts; nil if the
// request names no client. A failure uses up nothing: golang.org/x/oauth2 tries one method
// and then another with the same code.
func (s *Service) caller(c *fiber.Ctx, f form) (*client.Registration, error) {
	p, err := presented(c, f)
	if err != nil || p == (client.Presented{}) {
		return nil, err
	}
	who, err := s.Identifier.Identify(c.UserContext(), p)
	s.showTo(c, who, p.ID, err)
	if fault.CodeOf(err) == fault.InvalidClient {
		return nil, s.missed(c.UserContext(), err)
	}
	if err != nil {
		return nil, err
	}
	c.SetUserContext(asClient(c.UserContext(), who))
	return &who, nil
}

// required is caller for grants that are a client's.
func required(who *client.Registration) (client.App, error) {
	if who == nil {
		return client.App{}, fault.New(fault.InvalidClient, "Authenticate as a client: with its id and secret, with an assertion, or with client_id alone if it is public.")
	}
	return who.App, nil
}

// asClient makes the client the one who acts.
func asClient(ctx context.Context, who client.Registration) context.Context {
	o := audit.Of(ctx)
	o.Actor, o.Client = audit.Party{Kind: audit.Client, ID: who.ID}, who.ID
	return audit.With(ctx, o)
}

// presented reads what the client has sent, by exactly one method (RFC 6749, section 2.3).
// The zero Presented is nothing.
func presented(c *fiber.Ctx, f form) (client.Presented, error) {
	id, secret, err := basicOf(c)
	if err != nil {
		return client.Presented{}, err
	}
	p := client.Presented{ID: f.get("client_id"), Secret: f.get("client_secret"), Assertion: f.get("client_assertion")}
	if id != "" || secret != "" {
		if p.Secret != "" || p.Assertion != "" || p.ID != "" && p.ID != id {
			return client.Presented{}, invalidRequest("Send the credentials of one client, and in one way only.")
		}
		// A public client may come with an empty secret.
		p = client.Presented{ID: id, Secret: secret}
	}
	switch {
	case p.Secret != "" && p.Assertion != "":
		return client.Presented{}, invalidRequest("Send a secret or an assertion, not both.")
	case p.Secret != "" && p.ID == "":
		return client.Presented{}, fault.New(fault.InvalidClient, "The secret is of no client: send client_id as well.")
	case (p.Assertion != "") != (f.get("client_assertion_type") != ""), p.Assertion != "" && f.get("client_assertion_type") != assertionType:
		return client.Presented{}, fault.New(fault.InvalidClient, "Send client_assertion with client_assertion_type="+assertionType+".")
	}
	return p, nil
}

// showTo lets pages of the client's origins read the answer, and no others: also an error, if
// the client is known at all.
func (s *Service) showTo(c *fiber.Ctx, who client.Registration, id string, failed error) {
	origin := c.Get(fiber.HeaderOrigin)
	if origin == "" || s.Narrow == nil {
		return
	}
	origins := who.Origins
	if failed != nil {
		var err error
		if origins, err = s.Identifier.Origins(c.UserContext(), id); err != nil {
			return // Nobody knows whose page it is: it stays readable for those of any client.
		}
	}
	s.Narrow(c.Context(), slices.Contains(origins, origin))
}
