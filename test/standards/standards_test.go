package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

const page = "../../docs/standards.md"

// The page is what the program writes, but for the results and their date.
func TestPageIsThatOfTheItems(t *testing.T) {
	t.Parallel()
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	without := func(text string) string {
		text = regexp.MustCompile("`: (not run|passed|skipped|\\*\\*failed\\*\\*)").ReplaceAllString(text, "`: ")
		return regexp.MustCompile(`(?m)^Results of .*\n\n`).ReplaceAllString(text, "")
	}
	if without(string(written)) != without(pageOf(nil, time.Time{})) {
		t.Error("docs/standards.md is not of today's items: run make standards")
	}
}

func TestEachItemIsProvedOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, one := range items() {
		if len(one.tests) == 0 && one.why == "" {
			t.Errorf("%s %s has neither a test nor a reason", one.standard, one.number)
		}
		if key := one.standard + one.number; seen[key] {
			t.Errorf("%s %s is there twice", one.standard, one.number)
		} else {
			seen[key] = true
		}
	}
}

func TestTheWorstResultCounts(t *testing.T) {
	t.Parallel()
	events := `{"Action":"run","Test":"TestA"}
{"Action":"pass","Package":"a","Test":"TestA"}
{"Action":"fail","Package":"b","Test":"TestA"}
# a compiler's line
{"Action":"pass","Package":"c","Test":"TestA"}
{"Action":"skip","Package":"c","Test":"TestB"}
{"Action":"pass","Package":"c","Test":"TestC/part"}
{"Action":"fail","Package":"c"}
`
	got, err := outcomes(strings.NewReader(events))
	if err != nil {
		t.Fatal(err)
	}
	if got["TestA"] != failed || got["TestB"] != skipped || got["TestC"] != "" || got[""] != "" {
		t.Errorf("%v", got)
	}
}

func TestResultsAreOnThePage(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	in := strings.NewReader(`{"Action":"fail","Package":"a","Test":"TestPolicyDecides"}`)
	if err := run(nil, in, &out, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"`TestPolicyDecides`: **failed**", "`TestTokensDiffer`: not run", "Results of 1970-01-01."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}
