package oauth

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
)

const formType = fiber.MIMEApplicationForm

// invalidRequest is OAuth's error of that name.
func invalidRequest(detail string) error { return fault.New(fault.MalformedRequest, detail) }

// form has the parameters of an OAuth request. Empty ones count as missing (RFC 6749, section
// 3.2).
type form map[string][]string

// get is the value of a parameter that may not be repeated; "" if it is missing.
func (f form) get(name string) string {
	if len(f[name]) == 0 {
		return ""
	}
	return f[name][0]
}

// words are the values in a parameter that are separated by spaces.
func (f form) words(name string) []string { return strings.Fields(f.get(name)) }

// formOf reads the parameters of an OAuth request, which may stand in the body only:
// those of a URL end up in logs (RFC 6749, section 2.3.1). A parameter may not be
// repeated, except those that name an API; an unknown one is ignored (section 3.2).
func formOf(c *fiber.Ctx, required string) (form, error) {
	if err := refuseQuery(c); err != nil {
		return nil, err
	}
	if request.Media(c) != formType {
		return nil, invalidRequest("Send a form in UTF-8, with Content-Type: " + formType + ".")
	}
	f, seen := form{}, map[string]bool{}
	for pair := range strings.SplitSeq(string(c.Request().Body()), "&") {
		if pair == "" {
			continue
		}
		encodedName, encodedValue, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(encodedName)
		value, errValue := url.QueryUnescape(encodedValue)
		switch {
		case errName != nil, errValue != nil:
			return nil, invalidRequest("The form cannot be read: a percent sign is not followed by two hexadecimal digits. Write a percent sign as %25.")
		case !utf8.ValidString(name), !utf8.ValidString(value):
			return nil, invalidRequest("The form is not UTF-8.")
		case seen[name] && name != "resource" && name != "audience": // RFC 8707, section 2; RFC 8693, section 2.1
			return nil, invalidRequest("The form has a parameter more than once.")
		}
		if seen[name] = true; value != "" {
			f[name] = append(f[name], value)
		}
	}
	if f.get(required) == "" {
		return nil, invalidRequest(required + " is missing.")
	}
	return f, nil
}

// refuseQuery refuses parameters in the URL.
func refuseQuery(c *fiber.Ctx) error {
	if len(c.Request().URI().QueryString()) > 0 {
		return invalidRequest("Send all parameters in the body. A URL ends up in logs.")
	}
	return nil
}
