package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"auth.books.test/internal/wholefile"
)

// table is what was measured, as Markdown.
type table struct {
	about string
	rows  [][4]string
}

// add a row that has no bar.
func (t *table) add(what, value string) { t.rows = append(t.rows, [4]string{what, value}) }

// judge adds a row that has one.
func (t *table) judge(what, value, bar string, met bool) {
	verdict := "**missed**"
	if met {
		verdict = "met"
	}
	t.rows = append(t.rows, [4]string{what, value, bar, verdict})
}

func (t *table) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\n| what | measured | bar | |\n| --- | --- | --- | --- |\n", t.about)
	for _, row := range t.rows {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(row[:], " | "))
	}
	return out.String()
}

const (
	begin = "<!-- bench:begin -->\n"
	end   = "<!-- bench:end -->"
)

// writeInto puts the table between the markers of a page.
func (t *table) writeInto(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	page, err := replace(string(b), t.String())
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return wholefile.Replace(file, []byte(page), 0o644)
}

func replace(page, table string) (string, error) {
	before, rest, found := strings.Cut(page, begin)
	_, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		return "", fmt.Errorf("the page lacks the markers %s and %s", strings.TrimSpace(begin), end)
	}
	return before + begin + "\n" + table + "\n" + end + after, nil
}

// digits writes a median with its spread.
func (s spread) digits(n int) string {
	return fmt.Sprintf("%.*f (%.*f to %.*f)", n, s.median, n, s.least, n, s.most)
}

func micro(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

func milli(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
