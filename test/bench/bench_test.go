package main

import (
	"strings"
	"testing"
	"time"
)

func TestPercentilesAreNearestRanks(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, c := range []struct {
		sorted []time.Duration
		p      int
		want   time.Duration
	}{{hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred[:1], 99, 1}, {hundred[:3], 50, 2}, {nil, 50, 0}} {
		if got := percentile(c.sorted, c.p); got != c.want {
			t.Errorf("p%d of %d: %d, want %d", c.p, len(c.sorted), got, c.want)
		}
	}
	if middle, least, most := medianOf([]float64{3, 1, 2}); middle != 2 || least != 1 || most != 3 {
		t.Errorf("%v %v %v", middle, least, most)
	}
}

func TestTableGoesBetweenTheMarkers(t *testing.T) {
	t.Parallel()
	table := &table{about: "a machine"}
	ratio(table, "ours", []result{{perSecond: 1}, {perSecond: 3}, {perSecond: 2}}, []result{{perSecond: 2}, {perSecond: 4}, {perSecond: 2}}, "at least 0.5")
	page, err := replace("before\n"+begin+"old\n"+end+"\nafter\n", table.String())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page, "| ours | 0.75 (0.50 to 1.00) | at least 0.5 |") || strings.Contains(page, "old") || !strings.HasPrefix(page, "before\n") || !strings.HasSuffix(page, "\nafter\n") {
		t.Error(page)
	}
	if again, err := replace(page, table.String()); err != nil || again != page {
		t.Errorf("a second time: %v\n%s", err, again)
	}
	if _, err := replace("no markers", ""); err == nil {
		t.Error("wrote into a page without markers")
	}
}
