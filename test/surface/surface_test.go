package surface_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/contract"
	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

func TestMain(m *testing.M) { os.Exit(servicetest.Main(m)) }

const (
	// requests are those of the short run.
	requests = 450
	workers  = 4
	// A longer run may leave the process with so much more than after its first requests.
	moreGoroutines = 10
	moreHeap       = 16 << 20
	// settleWait is longer than two minutes, after which Go collects garbage by itself.
	settleWait = 3 * time.Minute

	// reader has a role of the API.
	reader          = "reader@books.test"
	readersPassword = "seven quiet lanterns drift south"
)

// service is a running auth-api with an API and its clients.
type service struct {
	*servicetest.Program
	t          *testing.T
	env        servicetest.Settings
	operations []operation
	clients    []secret
}

// serve starts auth-api with the reader's account, and whatever else is prepared.
func serve(t *testing.T, prepare ...func(*service)) *service {
	t.Helper()
	s := &service{t: t, env: servicetest.AuthAPISettings(t)}
	s.env["AUTH_API_PASSWORD_GRANT"], s.env["AUTH_API_ISSUER"], s.env["AUTH_API_TRUSTED_PROXIES"] = "true", "https://auth.books.test", "127.0.0.0/8"
	s.env["AUTH_API_VERIFY_CACHE_MIB"] = "1"
	// Mails stay in the outbox: nothing listens for them.
	s.env["AUTH_API_REGISTRATION"], s.env["AUTH_API_SMTP_URL"], s.env["AUTH_API_MAIL_FROM"] = "open", "smtp+insecure://127.0.0.1:9", "auth@books.test"
	servicetest.CreateAccount(t, s.env, reader, readersPassword, true)
	for _, one := range prepare {
		one(s)
	}
	s.Program = servicetest.Serve(t, servicetest.Build(t, servicetest.AuthAPI), s.env, "serve")
	s.Eventually("it is ready", func() bool {
		answer, err := http.Get(s.URL + "/readyz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	operations, err := operationsOf([]byte(s.get(s.URL + "/openapi.json")))
	if err != nil {
		t.Fatal(err)
	}
	s.operations = operations
	return s
}

// library makes an API, a role of the reader's, and two clients, of which one has ended.
func library(s *service) {
	s.t.Helper()
	s.run("api", "create", "books", "--scope", "books:read")
	s.run("role", "create", "books", "reader", "--scope", "books:read")
	s.run("role", "grant", reader, "books", "reader")
	ended := s.client()
	s.run("client", "disable", ended.id)
	s.clients = []secret{s.client(), ended}
}

func (s *service) run(args ...string) string {
	s.t.Helper()
	out, err := servicetest.Command(s.t, servicetest.AuthAPI, s.env, args...)
	if err != nil {
		s.t.Fatalf("%v: %v: %s", args, err, out)
	}
	return out
}

func (s *service) client() secret {
	s.t.Helper()
	found := regexp.MustCompile(`(?m)^id     (\S+)\nsecret (bcs_\S+)$`).FindStringSubmatch(s.run("client", "create", "books", "--name", "fuzzer"))
	if found == nil {
		s.t.Fatal("client create printed no credentials")
	}
	return secret{found[1], found[2]}
}

func (s *service) get(url string) string {
	s.t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %d, %v", url, answer.StatusCode, err)
	}
	return string(text)
}

// gauge is the value of a metric without labels.
func (s *service) gauge(name string) float64 {
	s.t.Helper()
	line := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(s.get(s.Metrics))
	if line == nil {
		s.t.Fatalf("no metric %s", name)
	}
	value, err := strconv.ParseFloat(line[1], 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return value
}

// fuzzers are one for each worker.
func (s *service) fuzzers(seed uint64, count int) (all []*fuzzer) {
	documents := &contract.Documents{}
	for worker := range count {
		g := newGenerator(seed, worker, s.operations, s.clients)
		g.newPerson = s.newPerson
		all = append(all, newFuzzer(g, s.URL, documents))
	}
	all[0].known.people = []*person{{email: reader, password: readersPassword}}
	return all
}

// newPerson makes an account as an operator does: nobody has the codes that are mailed.
func (s *service) newPerson(email string) *person {
	if out, err := servicetest.CommandWithInput(s.t, servicetest.AuthAPI, s.env, readersPassword, "account", "create", email, "--verified", "--password-stdin"); err != nil {
		s.t.Errorf("create an account: %v: %s", err, out)
	}
	return &person{email: email, password: readersPassword}
}

// seedOf is SURFACE_SEED, which repeats a run, or another seed.
func seedOf(t *testing.T, otherwise uint64) uint64 {
	t.Helper()
	seed := otherwise
	if set := os.Getenv("SURFACE_SEED"); set != "" {
		var err error
		if seed, err = strconv.ParseUint(set, 10, 64); err != nil {
			t.Fatalf("SURFACE_SEED: %v", err)
		}
	}
	t.Logf("SURFACE_SEED=%d", seed)
	return seed
}

// Its requests are always the same, so that it does not fail for somebody else's change. The
// long run finds new ones.
func TestEveryAnswerToRandomRequestsIsDocumented(t *testing.T) {
	t.Parallel()
	s := serve(t, library)
	s.repeatable()
	f := s.fuzzers(seedOf(t, 1), 1)[0]
	for range requests {
		if err := f.step(); err != nil {
			t.Error(err)
		}
	}
	s.tell([]*fuzzer{f})
	// A run in which nothing was reached would prove nothing. What takes a mailed code never succeeds.
	succeeded := 0
	for _, statuses := range f.answers {
		if statuses[200]+statuses[201]+statuses[202]+statuses[204] > 0 {
			succeeded++
		}
	}
	if len(f.answers) < len(s.operations)-1 || succeeded < len(s.operations)*3/5 {
		t.Errorf("%d of %d operations were tried, %d with success", len(f.answers), len(s.operations), succeeded)
	}
}

// tell logs what was answered, by operation.
func (s *service) tell(fuzzers []*fuzzer) {
	s.t.Helper()
	for _, op := range s.operations {
		statuses := map[int]int{}
		for _, f := range fuzzers {
			for status, n := range f.answers[op.id] {
				statuses[status] += n
			}
		}
		var line strings.Builder
		for _, status := range slices.Sorted(maps.Keys(statuses)) {
			fmt.Fprintf(&line, " %d×%d", status, statuses[status])
		}
		s.t.Logf("%-7s %-40s%s", op.method, op.path, line.String())
	}
}

// The long run of make fuzz: SURFACE_SECONDS. Afterwards the program has no more goroutines
// and hardly more memory than after its first requests.
func TestLongRunOfRandomRequestsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	seconds, err := strconv.Atoi(os.Getenv("SURFACE_SECONDS"))
	if err != nil {
		seconds = 2 // A short one shows that the test works.
	}
	s := serve(t, library)
	fuzzers := s.fuzzers(seedOf(t, uint64(time.Now().UnixNano())), workers)
	s.work(fuzzers, time.Duration(seconds)*time.Second/10+time.Second)
	goroutines, heap := s.gauge("go_goroutines"), s.gauge("go_memstats_heap_inuse_bytes")
	s.work(fuzzers, time.Duration(seconds)*time.Second)
	s.tell(fuzzers)
	devtest.Within(t, settleWait, "goroutines and heap are as before", func() bool {
		return s.gauge("go_goroutines") <= goroutines+moreGoroutines && s.gauge("go_memstats_heap_inuse_bytes") <= heap+moreHeap
	})
	t.Logf("goroutines: %.0f, then %.0f; heap: %.1f MiB, then %.1f MiB", goroutines, s.gauge("go_goroutines"), heap/(1<<20), s.gauge("go_memstats_heap_inuse_bytes")/(1<<20))
}

// work lets all fuzzers go on for a while, and closes their connections.
func (s *service) work(fuzzers []*fuzzer, for_ time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), for_)
	defer cancel()
	var all sync.WaitGroup
	for _, f := range fuzzers {
		all.Go(func() {
			defer f.client.CloseIdleConnections()
			for ctx.Err() == nil {
				if err := f.step(); err != nil {
					s.t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// repeatable fails the test unless a seed makes the same requests again.
func (s *service) repeatable() {
	s.t.Helper()
	made := func(seed uint64) string {
		var out strings.Builder
		g := newGenerator(seed, 0, s.operations, s.clients)
		g.newPerson = func(email string) *person { return &person{email: email} }
		g.known.people = []*person{{email: "ada@books.test", password: readersPassword, devices: []string{"bdv"}}, {email: "grace@books.test"}, {email: reader}}
		g.known.tokens = []*bearer{{token: "bat_1", owner: g.known.people[0]}, {token: "bat_2", owner: g.known.people[1]}}
		for range requests {
			fmt.Fprintln(&out, g.next())
		}
		return out.String()
	}
	if first, again := made(1), made(1); first != again {
		s.t.Error("one seed made two runs")
	}
	if made(1) == made(2) {
		s.t.Error("two seeds made one run")
	}
}
