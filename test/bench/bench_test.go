package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
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
	}{{hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred, 0, 1}, {hundred[:1], 99, 1}, {hundred[:3], 50, 2}, {nil, 50, 0}} {
		if got := percentile(c.sorted, c.p); got != c.want {
			t.Errorf("p%d of %d: %d, want %d", c.p, len(c.sorted), got, c.want)
		}
	}
}

func TestSpreadIsMedianLeastAndMost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		numbers []float64
		want    spread
	}{{[]float64{3, 1, 2}, spread{2, 1, 3}}, {[]float64{4, 1, 2, 3}, spread{2.5, 1, 4}}, {[]float64{7}, spread{7, 7, 7}}} {
		if got := spreadOf(c.numbers); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.numbers, got, c.want)
		}
	}
}

func TestRatiosPairRounds(t *testing.T) {
	t.Parallel()
	ours, theirs := []result{{perSecond: 1}, {perSecond: 3}, {perSecond: 2}}, []result{{perSecond: 2}, {perSecond: 4}, {perSecond: 2}}
	if got := ratios(ours, theirs); got != (spread{0.75, 0.5, 1}) {
		t.Errorf("%+v", got)
	}
}

func TestTurnsAlternateAndTheFirstRoundOnlyWarmsUp(t *testing.T) {
	t.Parallel()
	var order strings.Builder
	each := func(name string) measured {
		return func(context.Context, time.Duration) (result, error) {
			order.WriteString(name)
			return result{perSecond: float64(order.Len())}, nil
		}
	}
	results, err := inTurns(t.Context(), 3, time.Second, each("a"), each("b"))
	if err != nil || order.String() != "abbaabba" {
		t.Fatalf("%q, %v", order.String(), err)
	}
	if got := rates(results[0]); len(results[0]) != 3 || got != (spread{5, 4, 8}) {
		t.Errorf("%v", results[0])
	}
	broken := errors.New("broken")
	if _, err := inTurns(t.Context(), 1, time.Second, func(context.Context, time.Duration) (result, error) { return result{}, broken }); !errors.Is(err, broken) {
		t.Errorf("an error got lost: %v", err)
	}
}

func TestOneAnswerThatIsNoSuccessFailsTheLoad(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 20 {
			http.Error(w, "full", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	l := load{method: "GET", url: server.URL, clients: 2}
	_, err := l.during(t.Context(), 200*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "1 of ") || !strings.Contains(err.Error(), "503 full") {
		t.Fatalf("got %v", err)
	}
	r, err := l.during(t.Context(), 100*time.Millisecond)
	if err != nil || r.perSecond <= 0 || r.p50 <= 0 || r.p99 < r.p50 {
		t.Errorf("%+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.during(ctx, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTableSaysWhatMissesItsBar(t *testing.T) {
	t.Parallel()
	about := &table{about: "a machine"}
	about.add("speed", spread{0.75, 0.5, 1}.digits(2))
	about.judge("size", "310 bytes", "under 300 bytes", false)
	about.judge("start", "9 ms", "under 300 ms", true)
	want := "a machine\n\n| what | measured | bar | |\n| --- | --- | --- | --- |\n" +
		"| speed | 0.75 (0.50 to 1.00) |  |  |\n| size | 310 bytes | under 300 bytes | **missed** |\n| start | 9 ms | under 300 ms | met |\n"
	if got := about.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableGoesBetweenTheMarkers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte("before\n"+begin+"old\n"+end+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	one := &table{about: "a machine"}
	want := "before\n" + begin + "\n" + one.String() + "\n" + end + "\nafter\n"
	for range 2 {
		if err := one.writeInto(file); err != nil {
			t.Fatal(err)
		}
		if page, err := os.ReadFile(file); err != nil || string(page) != want {
			t.Fatalf("got\n%s\nwant\n%s\n%v", page, want, err)
		}
	}
	for _, page := range []string{"no markers", begin, end, end + "\n" + begin} {
		if _, err := replace(page, ""); err == nil {
			t.Errorf("wrote into %q", page)
		}
	}
}

func TestStatusOfAProcessIsReadInMiB(t *testing.T) {
	t.Parallel()
	m, err := parseStatus("Name:\tauth-api\nVmRSS:\t   30720 kB\nRssAnon:\t    6144 kB\nRssFile:\t   24576 kB\nRssShmem:\t       0 kB\n")
	if err != nil || m != (memory{30, 6, 24}) {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := parseStatus("Name:\tauth-api\n"); err == nil {
		t.Error("read a size that is not there")
	}
	if got, err := memoryOf(t.Context(), os.Getpid()); err != nil || got.resident < 1 || math.IsNaN(got.resident) {
		t.Errorf("of this process: %+v, %v", got, err)
	}
}

func TestFieldsOfSystemFilesAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, name, want string }{
		{"model name\t: Some CPU: fast\nflags\t: a\n", "model name", "Some CPU: fast"},
		{"NAME=\"x\"\nPRETTY_NAME=\"An OS 12\"\n", "PRETTY_NAME", "An OS 12"},
		{"NAME=x\n", "PRETTY_NAME", ""},
	} {
		if got := field(c.text, c.name); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := plain("Postgres 15.18 from /usr/lib"); got != "Postgres 15.18" {
		t.Error(got)
	}
}

func TestFlagsChooseSteps(t *testing.T) {
	t.Parallel()
	s, err := parse([]string{"-only", "signin,start", "-rounds", "2", "-duration", "1s"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range s.steps {
		names = append(names, one.name)
	}
	if !slices.Equal(names, []string{"start", "signin"}) || s.rounds != 2 || s.duration != time.Second {
		t.Errorf("%v %+v", names, s)
	}
	for _, args := range [][]string{{"-only", "nothing"}, {"-only", "me", "-o", "page.md"}, {"-rounds", "0"}, {"-duration", "0s"}, {"me"}, {"-what"}} {
		var says bytes.Buffer
		if _, err := parse(args, &says); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

func TestRunThatIsInterruptedAtOnceLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := measure(ctx, settings{}, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestRanksThatDifferAreNotChance(t *testing.T) {
	t.Parallel()
	times := func(numbers ...int) (all []time.Duration) {
		for _, n := range numbers {
			all = append(all, time.Duration(n))
		}
		return all
	}
	var low, high []time.Duration
	for n := range 100 {
		low, high = append(low, time.Duration(n)), append(high, time.Duration(n+20))
	}
	for name, c := range map[string]struct {
		ours, theirs []time.Duration
		least, most  float64
	}{
		// Computed by hand: U is 0, z is (12.5-0.5)/sqrt(25/12*11) = 2.507.
		"apart":         {times(1, 2, 3, 4, 5), times(6, 7, 8, 9, 10), 0.0121, 0.0122},
		"the other way": {times(6, 7, 8, 9, 10), times(1, 2, 3, 4, 5), 0.0121, 0.0122},
		"the same":      {low, low, 1, 1},
		"all equal":     {times(1, 1, 1), times(1, 1, 1), 1, 1},
		"a fifth apart": {low, high, 0, 0.0001},
		"alternating":   {times(1, 3, 5, 7, 9), times(2, 4, 6, 8, 10), 0.6, 0.7},
		// U is 3, z is (5-0.5)/sqrt(16/12*(9-48/56)) = 1.366.
		"ties in both":     {times(1, 2, 2, 3), times(2, 3, 3, 4), 0.1720, 0.1721},
		"one time of each": {times(1), times(2), 0.9, 1},
	} {
		if p := sameDistribution(c.ours, c.theirs); p < c.least || p > c.most {
			t.Errorf("%s: p is %f, want %f to %f", name, p, c.least, c.most)
		}
	}
}

func TestATimeThatTellsIsFound(t *testing.T) {
	t.Parallel()
	times := func(from time.Duration) (all []time.Duration) {
		for n := range 1000 {
			all = append(all, from+time.Duration(n)*time.Microsecond)
		}
		return all
	}
	for name, c := range map[string]struct {
		slower time.Duration
		told   bool
	}{"the same": {0, false}, "not enough to matter": {100 * time.Microsecond, false}, "two per cent": {600 * time.Microsecond, true}} {
		table := &table{}
		err := table.compare([]kind{{door: "sign in", name: "unknown", took: times(30 * time.Millisecond)}, {door: "sign in", name: "known", took: times(30*time.Millisecond + c.slower)}})
		if (err != nil) != c.told || strings.Contains(table.String(), "**missed**") != c.told {
			t.Errorf("%s: %v\n%s", name, err, table)
		}
	}
}

func TestMetricsOfABenchmarkAreReadInOrder(t *testing.T) {
	t.Parallel()
	const output = "goos: linux\nBenchmarkRefresh-2   \t    1000\t       341.5 calls/s\t         0.7600 ratio\nBenchmarkRefreshes-2 1000 7 calls/s\nBenchmarkRefresh 1000 0.5 ratio 350 calls/s\nPASS\nok  \tx\t3s\n"
	for unit, want := range map[string][]float64{"calls/s": {341.5, 350}, "ratio": {0.76, 0.5}, "replays/s": nil} {
		if got := metricOf(output, "BenchmarkRefresh", unit); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", unit, got, want)
		}
	}
}

func TestLongStepsRunOnlyWhenNamed(t *testing.T) {
	t.Parallel()
	for only, want := range map[string]bool{"": false, "timing": true} {
		args := []string{}
		if only != "" {
			args = []string{"-only", only}
		}
		s, err := parse(args, io.Discard)
		if err != nil || slices.ContainsFunc(s.steps, func(one step) bool { return one.name == "timing" }) != want {
			t.Errorf("-only %q: %v, %v", only, s.steps, err)
		}
	}
}
