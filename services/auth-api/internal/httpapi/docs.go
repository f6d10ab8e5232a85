package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5/static"
	"github.com/swaggest/swgui/v5emb"

	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// inlineScript finds the inline scripts of Swagger UI's page.
var inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// ownServer is a plugin of Swagger UI: the page calls the server that it was loaded from,
// whatever URL the document names. So a forwarded port or a single replica can be tried.
const ownServer = `[
				SwaggerUIBundle.plugins.DownloadUrl,
				() => ({statePlugins: {spec: {wrapActions: {
					updateJsonSpec: original => document => original({...document, servers: [{url: "/"}]})
				}}}})
			]`

// phone makes the page fit the width of a phone, and wraps or scrolls what is wider.
const phone = `<meta name="viewport" content="width=device-width, initial-scale=1">
    <style>
        @media (max-width: 768px) {
            .swagger-ui { overflow-wrap: anywhere; }
            .swagger-ui .wrapper { padding: 0 10px; }
            .swagger-ui .opblock-body, .swagger-ui .table-container, .swagger-ui .responses-inner { overflow-x: auto; }
            .swagger-ui .dialog-ux .modal-ux { min-width: 0; width: 94%; }
        }
    </style>`

// addDocs serves Swagger UI from the binary. The page has inline scripts; the content
// security policy allows exactly those, by their hashes.
func (s *Server) addDocs() error {
	ui := v5emb.NewHandlerWithConfig(swgui.Config{
		Title: "auth-api", SwaggerJSON: route.OpenAPIJSON, BasePath: route.Docs,
		SettingsUI: map[string]string{"persistAuthorization": "false", "tryItOutEnabled": "true", "plugins": ownServer},
		AppendHead: phone,
	})
	recorder := httptest.NewRecorder()
	ui.ServeHTTP(recorder, httptest.NewRequest("GET", route.Docs, nil))
	page := recorder.Body.String()
	scripts := inlineScript.FindAllStringSubmatch(page, -1)
	if len(scripts) == 0 {
		return fmt.Errorf("the page of Swagger UI has no inline script: its layout has changed, adapt inlineScript")
	}
	var hashes []string
	for _, script := range scripts {
		sum := sha256.Sum256([]byte(script[1]))
		hashes = append(hashes, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	policy := "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; " +
		"script-src 'self' " + strings.Join(hashes, " ") + "; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

	serve := func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
		c.Set(fiber.HeaderContentSecurityPolicy, policy)
		return c.SendString(page)
	}
	s.app.Get(route.Docs, serve)
	files, err := static.FS.ReadDir(".")
	if err != nil {
		return fmt.Errorf("list the files of Swagger UI: %w", err)
	}
	// Each file has a route of its own, so that any other path gets the usual 404.
	for _, file := range files {
		s.app.Get(route.Docs+"/"+strings.TrimSuffix(file.Name(), ".gz"), adaptor.HTTPHandler(ui))
	}
	return nil
}
