// Command standards writes docs/standards.md: each requirement of ASVS and RFC 9700 that
// applies here, the tests that prove it, and how they ended. It reads what `go test -json`
// writes from standard input (make standards).
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"auth.books.test/internal/wholefile"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout, time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader, stdout io.Writer, now time.Time) error {
	flags := flag.NewFlagSet("standards", flag.ContinueOnError)
	names := flags.Bool("tests", false, "print the names of the tests, for go test -run, and do nothing else")
	file := flags.String("o", "", "write the page into this file instead of standard output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *names {
		_, err := fmt.Fprintln(stdout, strings.Join(tests(), "|"))
		return err
	}
	results, err := outcomes(stdin)
	if err != nil {
		return err
	}
	page := pageOf(results, now)
	if *file != "" {
		return wholefile.Replace(*file, []byte(page), 0o644)
	}
	_, err = io.WriteString(stdout, page)
	return err
}

// tests are the names of all tests, each once.
func tests() []string {
	all := map[string]bool{}
	for _, one := range items() {
		for _, test := range one.tests {
			all[test] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// pageOf is the whole page.
func pageOf(results map[string]outcome, now time.Time) string {
	var out bytes.Buffer
	out.WriteString(`# Standards

Which requirements of [OWASP ASVS 5.0](https://github.com/OWASP/ASVS) (chapters V6 to V11 and V16, levels 1 and 2) [RFC 9700](https://www.rfc-editor.org/rfc/rfc9700) and [RFC 10017](https://www.rfc-editor.org/rfc/rfc10017) apply, and which test proves each.
` + "`make standards`" + ` runs these tests and writes this page. Chapters of them that are not listed were not looked at yet.

`)
	if len(results) > 0 {
		fmt.Fprintf(&out, "Results of %s.\n\n", now.UTC().Format(time.DateOnly))
	}
	out.WriteString("| standard | number | requirement, in our words | tests, and their last result | not, or not yet |\n| --- | --- | --- | --- | --- |\n")
	for _, one := range items() {
		var proofs []string
		for _, test := range one.tests {
			proofs = append(proofs, fmt.Sprintf("`%s`: %s", test, cmp.Or(results[test], notRun)))
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", one.standard, one.number, one.about, strings.Join(proofs, "<br>"), one.why)
	}
	return out.String()
}
