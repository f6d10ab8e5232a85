package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

const (
	columns    = 100
	charWidth  = 8.5
	lineHeight = 21
	margin     = 18
)

// draw gives a picture of a terminal. Its text is text, so that it can be read aloud,
// searched and copied.
func draw(lines []line) []byte {
	var text bytes.Buffer
	y := margin + lineHeight
	for n, l := range lines {
		if n > 0 && l.kind == comment {
			y += lineHeight / 2
		}
		for i, part := range wrap(l.text, columns-2) {
			prefix := map[kind]string{command: "$ ", comment: "# "}[l.kind]
			if i > 0 {
				prefix = "  "
			}
			class := map[kind]string{command: "command", comment: "comment", output: "output"}[l.kind]
			fmt.Fprintf(&text, "  <text x=\"%d\" y=\"%d\" class=\"%s\">", margin, y, class)
			_ = xml.EscapeText(&text, []byte(prefix+part))
			text.WriteString("</text>\n")
			y += lineHeight
		}
	}
	var picture bytes.Buffer
	fmt.Fprintf(&picture, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="A terminal: sign in, be known by another service, sign out, be refused there at once">
  <style>
    text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #d0d7de }
    .command { fill: #ffffff; font-weight: 600 }
    .comment { fill: #7ee787 }
  </style>
  <rect width="%[1]d" height="%[2]d" rx="8" fill="#161b22"/>
`, int(columns*charWidth)+2*margin, y)
	picture.Write(text.Bytes())
	picture.WriteString("</svg>\n")
	return picture.Bytes()
}

// wrap breaks a text between words, and where a word is longer than a line.
func wrap(text string, width int) (lines []string) {
	for _, paragraph := range strings.Split(text, "\n") {
		r := []rune(paragraph)
		for len(r) > width {
			at := width
			for at > width/2 && r[at] != ' ' {
				at--
			}
			if r[at] != ' ' {
				at = width
			}
			lines = append(lines, string(r[:at]))
			r = []rune(strings.TrimLeft(string(r[at:]), " "))
		}
		lines = append(lines, string(r))
	}
	return lines
}
