package openapi

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
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// scopesTimeout is how long an answer waits for Postgres to list scopes.
const scopesTimeout = time.Second

// renderer renders the document in its four forms: JSON and YAML, and both for tools that
// know 3.0. It renders one when it is asked for: all of them at the start took twice as
// long as the rest of it, and a MiB of memory (`make bench`, start and memory).
type renderer struct {
	forms  map[string]func() ([]byte, error) // by path
	offers Offers

	mu sync.Mutex // guards texts, and flow.Scopes, with which they were rendered
	// flow is the password grant's, whose scopes change while the service runs; nil
	// where the grant is off.
	flow  *huma.OAuthFlow
	texts map[string][]byte // by path
}

// Offers lists the scopes of all APIs; resource.Store does it.
type Offers interface {
	Scopes(ctx context.Context) ([]string, error)
}

// Serve adds the routes of the document, which is complete. offers may be nil.
func (d Document) Serve(app *fiber.App, offers Offers) {
	r := &renderer{offers: offers, forms: map[string]func() ([]byte, error){
		route.OpenAPIJSON: func() ([]byte, error) { return json.Marshal(d.OpenAPI) }, route.OpenAPI30JSON: d.Downgrade,
		route.OpenAPIYAML: d.YAML, route.OpenAPI30YAML: d.DowngradeYAML,
	}}
	if scheme := d.Components.SecuritySchemes[password]; scheme != nil {
		r.flow = scheme.Flows.Password
	}
	r.setScopes(nil)
	for path := range r.forms {
		mediaType := "application/openapi+json"
		if strings.HasSuffix(path, ".yaml") {
			mediaType = "application/openapi+yaml"
		}
		app.Get(path, func(c *fiber.Ctx) error {
			text, err := r.text(c.UserContext(), path)
			if err != nil {
				return err
			}
			c.Set(fiber.HeaderContentType, mediaType)
			return c.Send(text)
		})
	}
}

// text is one form of the document, with the scopes that there are now. If they cannot
// be asked for, it has those that were known last.
func (r *renderer) text(ctx context.Context, path string) ([]byte, error) {
	var scopes []string
	asked := r.flow != nil && r.offers != nil
	if asked {
		ctx, cancel := context.WithTimeout(ctx, scopesTimeout)
		defer cancel()
		var err error
		scopes, err = r.offers.Scopes(ctx)
		asked = err == nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if asked {
		r.setScopes(scopes)
	}
	if r.texts[path] == nil {
		text, err := r.forms[path]()
		if err != nil {
			return nil, fmt.Errorf("render %s: %w", path, err)
		}
		r.texts[path] = text
	}
	return r.texts[path], nil
}

// setScopes forgets what was rendered with other scopes. It needs the lock.
func (r *renderer) setScopes(scopes []string) {
	described := map[string]string{authorization.ScopeAccount: "manage the account and its sessions"}
	for _, scope := range scopes {
		described[scope] = "of an API; only accounts with a role that has it get it"
	}
	if r.flow != nil {
		if maps.Equal(described, r.flow.Scopes) {
			return
		}
		r.flow.Scopes = described
	}
	r.texts = map[string][]byte{}
}
