package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/authorization"
)

// scopesTimeout is how long an answer waits for Postgres to list scopes.
const scopesTimeout = time.Second

// document is the OpenAPI document in its four forms: JSON and YAML, and both for
// tools that know 3.0.
type document struct {
	// flow is the password grant's, whose scopes change while the service runs; nil
	// where the grant is off.
	flow *huma.OAuthFlow

	mu     sync.Mutex // guards flow.Scopes, which texts were rendered with, and texts
	texts  map[string][]byte
	forms  map[string]func() ([]byte, error)
	offers Offers
}

// Offers lists the scopes of all APIs; api.Offers does it.
type Offers interface {
	Scopes(ctx context.Context) ([]string, error)
}

// serveDocument serves the OpenAPI document.
func (s *Server) serveDocument() error {
	doc := s.api.OpenAPI()
	d := &document{offers: s.Offers, forms: map[string]func() ([]byte, error){
		"/openapi.json": func() ([]byte, error) { return json.Marshal(doc) }, "/openapi-3.0.json": doc.Downgrade,
		"/openapi.yaml": doc.YAML, "/openapi-3.0.yaml": doc.DowngradeYAML,
	}}
	if scheme := doc.Components.SecuritySchemes[passwordScheme]; scheme != nil {
		d.flow = scheme.Flows.Password
	}
	if err := d.render(nil); err != nil {
		return err
	}
	for path := range d.forms {
		mediaType := "application/openapi+json"
		if strings.HasSuffix(path, ".yaml") {
			mediaType = "application/openapi+yaml"
		}
		s.app.Get(path, func(c *fiber.Ctx) error {
			text, err := d.text(c.UserContext(), path)
			if err != nil {
				return err
			}
			c.Set(fiber.HeaderContentType, mediaType)
			return c.Send(text)
		})
	}
	return nil
}

// text is one form of the document, with the scopes that there are now. If they cannot
// be asked for, it has those that were known last.
func (d *document) text(ctx context.Context, path string) ([]byte, error) {
	var scopes []string
	asked := d.flow != nil && d.offers != nil
	if asked {
		ctx, cancel := context.WithTimeout(ctx, scopesTimeout)
		defer cancel()
		var err error
		scopes, err = d.offers.Scopes(ctx)
		asked = err == nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if asked {
		if err := d.render(scopes); err != nil {
			return nil, err
		}
	}
	return d.texts[path], nil
}

// render renders all forms if the scopes have changed.
func (d *document) render(scopes []string) error {
	if d.flow != nil {
		described := map[string]string{authorization.ScopeAccount: "manage the account and its sessions"}
		for _, scope := range scopes {
			described[scope] = "of an API; only accounts with a role that has it get it"
		}
		if d.texts != nil && maps.Equal(described, d.flow.Scopes) {
			return nil
		}
		d.flow.Scopes = described
	}
	texts := map[string][]byte{}
	for path, form := range d.forms {
		text, err := form()
		if err != nil {
			return fmt.Errorf("render %s: %w", path, err)
		}
		texts[path] = text
	}
	d.texts = texts
	return nil
}
