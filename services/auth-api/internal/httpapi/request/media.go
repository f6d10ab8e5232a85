package request

import (
	"mime"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Media is the media type of the body, in lower case (RFC 9110, section 8.3.1). It is
// empty if there is none, if it cannot be parsed, or if its charset is not UTF-8.
func Media(c *fiber.Ctx) string {
	name, parameters, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil {
		return ""
	}
	switch strings.ToLower(parameters["charset"]) {
	case "", "utf-8", "utf8", "us-ascii":
		return name
	}
	return ""
}

// IsIdentity says whether the body is unencoded: Content-Encoding is missing, or lists
// nothing but "identity" (RFC 9110, section 8.4).
func IsIdentity(c *fiber.Ctx) bool {
	for _, line := range c.Request().Header.PeekAll(fiber.HeaderContentEncoding) {
		for coding := range strings.SplitSeq(string(line), ",") {
			if coding = strings.Trim(coding, " \t"); coding != "" && !strings.EqualFold(coding, "identity") {
				return false
			}
		}
	}
	return true
}
