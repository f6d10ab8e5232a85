package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// table is what was measured, as Markdown.
type table struct {
	about string
	rows  [][3]string
}

func newTable(st *stack) *table {
	return &table{about: fmt.Sprintf("%s, %d processors, %s/%s, %s; %s; %s.", time.Now().UTC().Format(time.DateOnly),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), plain(st.postgres.Note), plain(st.redis.Note))}
}

// plain leaves out where a program was found.
func plain(note string) string {
	before, _, _ := strings.Cut(note, " from ")
	return before
}

func (t *table) add(what, value, bar string) { t.rows = append(t.rows, [3]string{what, value, bar}) }

func (t *table) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\n| what | measured | bar |\n| --- | --- | --- |\n", t.about)
	for _, row := range t.rows {
		fmt.Fprintf(&out, "| %s | %s | %s |\n", row[0], row[1], row[2])
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
	return os.WriteFile(file, []byte(page), 0o644)
}

func replace(page, table string) (string, error) {
	before, rest, found := strings.Cut(page, begin)
	_, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		return "", fmt.Errorf("the page lacks the markers %s and %s", strings.TrimSpace(begin), end)
	}
	return before + begin + "\n" + table + "\n" + end + after, nil
}

// ratio adds how two things that were measured in turns compare, round by round.
func ratio(t *table, what string, ours, theirs []result, bar string) {
	var ratios []float64
	for i := range ours {
		ratios = append(ratios, ours[i].perSecond/theirs[i].perSecond)
	}
	middle, least, most := medianOf(ratios)
	t.add(what, fmt.Sprintf("%.2f (%.2f to %.2f)", middle, least, most), bar)
}

// series takes the rates, and the medians of the percentiles.
func series(results []result) (rates []float64, p50, p99 time.Duration) {
	var fifty, ninetyNine []float64
	for _, r := range results {
		rates = append(rates, r.perSecond)
		fifty, ninetyNine = append(fifty, float64(r.p50)), append(ninetyNine, float64(r.p99))
	}
	a, _, _ := medianOf(fifty)
	b, _, _ := medianOf(ninetyNine)
	return rates, time.Duration(a), time.Duration(b)
}

func micro(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

func milli(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
