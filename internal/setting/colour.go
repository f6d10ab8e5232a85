package setting

import (
	"errors"
	"strings"
)

// Colour is a colour as #rrggbb, in lower case.
type Colour string

// Decode accepts six hexadecimal digits after a #.
func (c *Colour) Decode(text string) error {
	digits, found := strings.CutPrefix(strings.ToLower(text), "#")
	if !found || len(digits) != 6 || strings.Trim(digits, "0123456789abcdef") != "" {
		return errors.New("write a colour as #rrggbb, such as #0b57d0")
	}
	*c = Colour("#" + digits)
	return nil
}
