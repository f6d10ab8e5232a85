package page

import (
	"fmt"
	"math"
)

// The surfaces that text in the accent colour stands on, in style.css: of those of a scheme
// the one that is harder to read on.
const (
	lightSurface = "#f5f6f8"
	darkSurface  = "#1b1f26"
	// readable is the least contrast of text (WCAG 2.2, 1.4.3, level AA).
	readable = 4.5
)

// colour is red, green and blue, from 0 to 255.
type colour [3]float64

// parseColour reads #rrggbb, which package setting has checked.
func parseColour(text string) (c colour) {
	var r, g, b uint8
	_, _ = fmt.Sscanf(text, "#%02x%02x%02x", &r, &g, &b)
	return colour{float64(r), float64(g), float64(b)}
}

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", uint8(math.Round(c[0])), uint8(math.Round(c[1])), uint8(math.Round(c[2])))
}

// luminance is that of WCAG 2.2, from 0 to 1.
func (c colour) luminance() float64 {
	linear := func(v float64) float64 {
		if v /= 255; v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// contrast is that of WCAG 2.2, from 1 to 21.
func contrast(a, b colour) float64 {
	one, other := a.luminance(), b.luminance()
	return (max(one, other) + 0.05) / (min(one, other) + 0.05)
}

// on is black or white, whichever is easier to read on the colour: one of them always is.
func (c colour) on() colour {
	black, white := colour{}, colour{255, 255, 255}
	if contrast(c, black) > contrast(c, white) {
		return black
	}
	return white
}

// readableOn moves a colour towards black or white until it can be read on a surface.
func (c colour) readableOn(surface colour) colour {
	end := surface.on()
	for step := range 101 {
		share := float64(step) / 100
		mixed := colour{}
		for i := range mixed {
			mixed[i] = math.Round(c[i] + (end[i]-c[i])*share)
		}
		if contrast(mixed, surface) >= readable {
			return mixed
		}
	}
	return end
}

// colours is the part of the style sheet that depends on the accent colour.
func colours(accent string) string {
	c := parseColour(accent)
	return fmt.Sprintf(":root{--accent:%s;--on-accent:%s;--accent-text:%s}\n@media(prefers-color-scheme:dark){:root{--accent-text:%s}}\n",
		c, c.on(), c.readableOn(parseColour(lightSurface)), c.readableOn(parseColour(darkSurface)))
}
