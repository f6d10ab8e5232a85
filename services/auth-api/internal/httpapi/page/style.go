package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"

	"github.com/gofiber/fiber/v2"
)

//go:embed style.css
var sheet string

//go:embed passkey.js
var script string

// icon is a square in the accent colour. Without one, browsers ask for /favicon.ico.
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="%s"/></svg>`

// style is how the pages of this service look.
type style struct{ sheet, icon, script file }

// file is a file that browsers may keep for good: its path has a hash of its text.
type file struct{ path, media, text string }

func newFile(extension, media, text string) file {
	sum := sha256.Sum256([]byte(text))
	return file{path: "/pages." + hex.EncodeToString(sum[:8]) + extension, media: media, text: text}
}

func newStyle(accent string) style {
	return style{
		sheet:  newFile(".css", "text/css; charset=utf-8", colours(accent)+sheet),
		script: newFile(".js", "text/javascript; charset=utf-8", script),
		icon:   newFile(".svg", "image/svg+xml", fmt.Sprintf(icon, parseColour(accent))),
	}
}

func (f file) serve(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, f.media)
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	return c.SendString(f.text)
}

// withCookies answers every page with why it cannot work, where a session could be taken by
// whoever reads the network: a sign-in that the browser forgets would go round in a circle.
func (s *Service) withCookies(handle fiber.Handler) fiber.Handler {
	if s.Cookies != NoCookies {
		return handle
	}
	return func(c *fiber.Ctx) error { return s.render(c, fiber.StatusBadRequest, s.needsTLS()) }
}
