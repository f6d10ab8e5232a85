package openid

import (
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"
)

// keysMaxAge is how long clients may keep the keys, in seconds. A new key has to be published
// for as long before it signs.
const keysMaxAge = 3600

// keys serves the public keys (RFC 7517, section 5).
func (s *Service) keys(c *fiber.Ctx) error {
	set, err := json.Marshal(s.Keys.Public())
	if err != nil {
		return fmt.Errorf("write the public keys: %w", err)
	}
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	c.Set(fiber.HeaderCacheControl, fmt.Sprintf("public, max-age=%d", keysMaxAge))
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(set)
}
