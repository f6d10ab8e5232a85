package page

import (
	"bytes"
	"fmt"

	"github.com/gofiber/fiber/v2"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// policy allows the style sheet, images of ours and forms to ours, and nothing else.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// scriptPolicy allows the script for passkeys as well, and what it asks the service.
const scriptPolicy = policy + "; script-src 'self'; connect-src 'self'"

// view is the content of a page.
type view struct {
	title string
	// wrong says that the page tells of an error.
	wrong bool
	// wide is for lists.
	wide bool
	// script says that the page uses passkeys.
	script bool
	// referrer is the page's Referrer-Policy; "" is the usual one.
	referrer string
	head     g.Node
	body     g.Node
}

// render answers with a page.
func (s *Service) render(c *fiber.Ctx, status int, v view) error {
	referrer := v.referrer
	if referrer == "" {
		// Under no-referrer the browser would send our forms with "Origin: null". Under
		// same-origin it would repeat the sealed request of the URL in a header, which has a
		// limit, and which is nobody's business.
		referrer = "strict-origin"
	}
	c.Set(fiber.HeaderReferrerPolicy, referrer)
	c.Set(fiber.HeaderContentSecurityPolicy, policy)
	if v.script {
		c.Set(fiber.HeaderContentSecurityPolicy, scriptPolicy)
	}
	if !v.wide {
		openForPopups(c)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	var out bytes.Buffer
	if err := s.document(v).Render(&out); err != nil {
		return fmt.Errorf("render a page: %w", err)
	}
	return c.Status(status).Send(out.Bytes())
}

func (s *Service) document(v view) g.Node {
	title, class := v.title+" – "+s.Name, "card"
	if v.wrong {
		title = "Error: " + title
	}
	if v.wide {
		class = "column"
	}
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(
			h.Meta(h.Charset("utf-8")),
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
			h.Meta(h.Name("color-scheme"), h.Content("light dark")),
			h.Meta(h.Name("robots"), h.Content("noindex")),
			h.TitleEl(g.Text(title)),
			h.Link(h.Rel("stylesheet"), h.Href(s.style.sheet.path)),
			h.Link(h.Rel("icon"), h.Href(s.style.icon.path)),
			g.If(v.script, h.Script(h.Src(s.style.script.path), h.Defer())),
			v.head,
		),
		h.Body(
			h.Div(h.Class(class),
				h.Header(h.A(h.Href(route.Account), g.Text(s.Name))),
				h.Main(v.body),
			),
		),
	))
}
