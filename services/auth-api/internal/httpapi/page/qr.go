package page

import (
	"fmt"
	"strings"

	// Comes with the library for one-time passwords.
	"github.com/boombuler/barcode/qr"
	g "maragu.dev/gomponents"
)

// quiet is the white border that readers need, in modules (ISO/IEC 18004).
const quiet = 4

// qrCode draws a QR code as SVG in the page: the policy allows no images of data. It is black
// on white in the dark scheme as well, since not every reader knows the inverse.
func qrCode(text string) (g.Node, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	var path strings.Builder
	size := code.Bounds().Dx()
	for y := range size {
		for x := range size {
			if dark, _, _, _ := code.At(x, y).RGBA(); dark == 0 {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	side := size + 2*quiet
	return g.Raw(fmt.Sprintf(`<p><svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="QR code of the key below" width="240" height="240" viewBox="0 0 %[1]d %[1]d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%[1]dv%[1]dH0z"/><path d="%[2]s"/></svg></p>`, side, path.String())), nil
}
