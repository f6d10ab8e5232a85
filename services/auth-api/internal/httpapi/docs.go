package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"path"
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

// addDocs serves Swagger UI from the binary. The pages have inline scripts; the content
// security policy allows exactly those, by their hashes.
func (s *Server) addDocs() error {
	settings := map[string]string{"persistAuthorization": "false", "tryItOutEnabled": "true", "plugins": ownServer}
	if s.docsSignIn() {
		settings["oauth2RedirectUrl"] = fmt.Sprintf("location.origin + %q", route.DocsSignedIn)
		// The settings know the page only when it is there.
		settings["onComplete"] = fmt.Sprintf("() => ui.initOAuth({clientId: %q, usePkceWithAuthorizationCodeGrant: true})", s.DocsClient)
	}
	ui := v5emb.NewHandlerWithConfig(swgui.Config{
		Title: "auth-api", SwaggerJSON: route.OpenAPIJSON, BasePath: route.Docs, SettingsUI: settings, AppendHead: phone,
	})
	recorder := httptest.NewRecorder()
	ui.ServeHTTP(recorder, httptest.NewRequest("GET", route.Docs, nil))
	page := recorder.Body.String()
	if !inlineScript.MatchString(page) {
		return fmt.Errorf("the page of Swagger UI has no inline script: its layout has changed, adapt inlineScript")
	}
	s.app.Get(route.Docs, serveDocs(page, "same-origin-allow-popups"))
	if s.docsSignIn() {
		s.app.Get(route.DocsSignedIn, serveDocs(signedIn, "unsafe-none"))
	}
	files, err := static.FS.ReadDir(".")
	if err != nil {
		return fmt.Errorf("list the files of Swagger UI: %w", err)
	}
	// Each file has a route of its own, so that any other path gets the usual 404.
	for _, file := range files {
		if strings.HasPrefix(file.Name(), path.Base(route.DocsSignedIn)) {
			continue // It needs a script that swgui has not.
		}
		s.app.Get(route.Docs+"/"+strings.TrimSuffix(file.Name(), ".gz"), adaptor.HTTPHandler(ui))
	}
	return nil
}

// docsSignIn says whether the page can sign people in by code and PKCE.
func (s *Server) docsSignIn() bool { return s.DocsClient != "" && s.Issuer != "" }

// signedIn is the page to which the sign-in's window comes back. It hands the code to the page
// that opened the window, as Swagger UI's own does, which swgui leaves out.
const signedIn = `<!doctype html>
<html lang="en">
<title>Signed in</title>
<script>
    const asked = window.opener?.swaggerUIRedirectOauth2, answer = new URLSearchParams(location.search);
    if (asked) {
        const fail = message => asked.errCb({authId: asked.auth.name, source: "auth", level: "error", message});
        if (answer.get("state") !== asked.state) {
            fail("The answer belongs to another sign-in. Try again.");
        } else if (!answer.get("code")) {
            fail(answer.get("error_description") ?? answer.get("error") ?? "There is no code in the answer.");
        } else {
            asked.auth.code = answer.get("code");
            asked.callback({auth: asked.auth, redirectUrl: asked.redirectUrl});
        }
        window.close();
    }
</script>
<p>You can close this window.</p>
</html>
`

// serveDocs serves a page whose inline scripts run, and no other. openers is the policy under
// which the page and the window of the sign-in know each other.
func serveDocs(page, openers string) fiber.Handler {
	var hashes []string
	for _, script := range inlineScript.FindAllStringSubmatch(page, -1) {
		sum := sha256.Sum256([]byte(script[1]))
		hashes = append(hashes, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	policy := "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; " +
		"script-src 'self' " + strings.Join(hashes, " ") + "; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
		c.Set(fiber.HeaderContentSecurityPolicy, policy)
		c.Set("Cross-Origin-Opener-Policy", openers)
		return c.SendString(page)
	}
}
