package surface_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"auth.books.test/internal/contract"
)

// answerWait is how long an answer may take, on a machine that is busy with other tests.
const answerWait = 30 * time.Second

// fuzzer sends what a generator makes up.
type fuzzer struct {
	*generator
	url    string
	client *http.Client
	holder *contract.Transport
	// answers counts statuses by operation.
	answers map[string]map[int]int
}

func newFuzzer(g *generator, url string, documents *contract.Documents) *fuzzer {
	return &fuzzer{generator: g, url: url, holder: &contract.Transport{Documents: documents}, answers: map[string]map[int]int{}, client: &http.Client{
		Timeout:       answerWait,
		Transport:     &http.Transport{MaxIdleConns: 2},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// step sends one request, and returns what is wrong with its answer.
func (f *fuzzer) step() error {
	made := f.next()
	if err := f.send(made); err != nil {
		return fmt.Errorf("request %d of %s: %w\n%s", f.made, f.name, err, made)
	}
	return nil
}

func (f *fuzzer) send(made *request) error {
	r, err := http.NewRequest(made.method, f.url+made.path, strings.NewReader(made.body))
	if err != nil {
		return nil // net/http sends no such thing.
	}
	r.Header = made.header
	answer, err := f.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := f.holder.Hold(r, answer); err != nil {
		return err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if f.answers[made.op] == nil {
		f.answers[made.op] = map[int]int{}
	}
	f.answers[made.op][answer.StatusCode]++
	// Both stores are up, so that nothing may fail. 501 is the answer to unknown methods.
	if answer.StatusCode >= 500 && answer.StatusCode != http.StatusNotImplemented {
		return fmt.Errorf("%d %s", answer.StatusCode, body)
	}
	if told := f.repeats(made, string(body)); told != "" {
		return fmt.Errorf("%d, and the answer repeats %s: %s", answer.StatusCode, told, body)
	}
	f.known.learn(made, answer.StatusCode, body)
	return nil
}

// repeats says which secret of the request is in the answer.
func (f *fuzzer) repeats(made *request, body string) string {
	for _, name := range []string{"password", "current_password", "new_password", "token"} {
		if secret := made.fields[name]; len(secret) > 12 && strings.Contains(body, secret) {
			return name
		}
	}
	if _, token, _ := strings.Cut(made.header.Get("Authorization"), " "); len(token) > 20 && strings.Contains(body, token) {
		return "the credentials"
	}
	return ""
}
