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

// scopesTimeout bounds the query for the scopes.
const scopesTimeout = time.Second

// renderer renders the document in four forms: JSON and YAML, of OpenAPI 3.1 and 3.0. Each
// is rendered at its first request. Rendering all of them at the start took twice as long
// as the rest of the start, and 1 MiB of memory (`make bench`, start and memory).
type renderer struct {
	forms  map[string]func() ([]byte, error) // by path
	offers Offers

	mu sync.Mutex // guards texts and the scopes of flows; texts are rendered with those scopes
	// flows are those with which a person signs in. Their scopes change while the service
	// runs.
	flows []*huma.OAuthFlow
	texts map[string][]byte // by path
}

// Offers lists the scopes of all APIs; resource.Store implements it.
type Offers interface {
	Scopes(ctx context.Context) ([]string, error)
}

// Serve adds the routes that serve the document, which must be complete. offers may be
// nil.
func (d Document) Serve(app *fiber.App, offers Offers) {
	r := &renderer{offers: offers, forms: map[string]func() ([]byte, error){
		route.OpenAPIJSON: func() ([]byte, error) { return json.Marshal(d.OpenAPI) }, route.OpenAPI30JSON: d.Downgrade,
		route.OpenAPIYAML: d.YAML, route.OpenAPI30YAML: d.DowngradeYAML,
	}}
	if scheme := d.Components.SecuritySchemes[code]; scheme != nil {
		r.flows = append(r.flows, scheme.Flows.AuthorizationCode)
	}
	if scheme := d.Components.SecuritySchemes[password]; scheme != nil {
		r.flows = append(r.flows, scheme.Flows.Password)
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

// text is one form of the document, with the present scopes. If Postgres cannot list
// them, it has the last known ones.
func (r *renderer) text(ctx context.Context, path string) ([]byte, error) {
	var scopes []string
	fresh := len(r.flows) > 0 && r.offers != nil
	if fresh {
		ctx, cancel := context.WithTimeout(ctx, scopesTimeout)
		defer cancel()
		var err error
		scopes, err = r.offers.Scopes(ctx)
		fresh = err == nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if fresh {
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

// setScopes sets the scopes, and drops the texts if they changed. The caller holds mu,
// except before the first request.
func (r *renderer) setScopes(scopes []string) {
	described := map[string]string{authorization.ScopeAccount: "manage the account and its sessions"}
	for _, scope := range scopes {
		described[scope] = "of an API; granted to accounts that have a role with it"
	}
	if len(r.flows) > 0 && maps.Equal(described, r.flows[0].Scopes) {
		return
	}
	for _, flow := range r.flows {
		flow.Scopes = described
	}
	r.texts = map[string][]byte{}
}
