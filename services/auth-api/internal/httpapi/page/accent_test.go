package page_test

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/httpapi/page"
)

// contrastOf is the contrast of two colours by WCAG 2.2, written apart from the program's.
func contrastOf(t *testing.T, one, other string) float64 {
	t.Helper()
	luminance := func(text string) (sum float64) {
		var parts [3]int
		if _, err := fmt.Sscanf(text, "#%02x%02x%02x", &parts[0], &parts[1], &parts[2]); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		for n, weight := range []float64{0.2126, 0.7152, 0.0722} {
			v := float64(parts[n]) / 255
			if v <= 0.03928 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			sum += weight * v
		}
		return sum
	}
	a, b := luminance(one)+0.05, luminance(other)+0.05
	return max(a, b) / min(a, b)
}

var property = regexp.MustCompile(`(--[a-z-]+): ?(#[0-9a-f]{3,6})`)

// properties are the custom properties of a piece of a style sheet.
func properties(text string) map[string]string {
	found := map[string]string{}
	for _, p := range property.FindAllStringSubmatch(text, -1) {
		value := p[2]
		if len(value) == 4 {
			value = fmt.Sprintf("#%[1]c%[1]c%[2]c%[2]c%[3]c%[3]c", value[1], value[2], value[3])
		}
		found[p[1]] = value
	}
	return found
}

func TestTextOnEveryAccentIsReadable(t *testing.T) {
	t.Parallel()
	steps, tried := []int{0, 51, 102, 153, 204, 255}, 0
	for _, r := range steps {
		for _, g := range steps {
			for _, b := range steps {
				accent := fmt.Sprintf("#%02x%02x%02x", r, g, b)
				light, dark, _ := strings.Cut(page.Colours(accent), "@media")
				of, inDark := properties(light), properties(dark)
				if of["--accent"] != accent {
					t.Fatalf("%s became %s", accent, light)
				}
				if got := contrastOf(t, of["--accent"], of["--on-accent"]); got < 4.5 {
					t.Errorf("%s on %s: %.2f", of["--on-accent"], accent, got)
				}
				onLight, onDark := page.Surfaces()
				for _, c := range [][2]string{{of["--accent-text"], onLight}, {of["--accent-text"], "#ffffff"}, {inDark["--accent-text"], onDark}, {inDark["--accent-text"], "#111418"}} {
					if got := contrastOf(t, c[0], c[1]); got < 4.5 {
						t.Errorf("%s: %s on %s: %.2f", accent, c[0], c[1], got)
					}
				}
				tried++
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d colours", tried)
	}
}

// The colours that no setting changes.
func TestTextOfTheSheetIsReadable(t *testing.T) {
	t.Parallel()
	sheet := page.Sheet()
	if len(sheet) > 9<<10 {
		t.Errorf("the style sheet has %d bytes", len(sheet))
	}
	at := strings.Index(sheet, "prefers-color-scheme: dark")
	for scheme, text := range map[string]string{"light": sheet[:at], "dark": sheet[at:]} {
		of := properties(text)
		for _, surface := range []string{"--surface", "--ground", "--soft"} {
			for name, least := range map[string]float64{"--text": 4.5, "--muted": 4.5, "--danger": 4.5, "--field": 3} {
				if got := contrastOf(t, of[name], of[surface]); got < least {
					t.Errorf("%s: %s on %s: %.2f, want %.1f", scheme, name, surface, got, least)
				}
			}
		}
	}
	light, dark := page.Surfaces()
	if !strings.Contains(sheet[:at], "--ground: "+light) || !strings.Contains(sheet[at:], "--surface: "+dark) {
		t.Error("the accent is made for other surfaces than those of the sheet")
	}
}
