package servicetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Raw    string
	// Body is Raw read as JSON; nil if it is none.
	Body map[string]any
}

// Text gives a field of the body; empty if there is no such text.
func (a Answer) Text(name string) string {
	s, _ := a.Body[name].(string)
	return s
}

// Request makes a request with a body in JSON and a token, if there are any.
func Request(t testing.TB, method, url, token string, body any) *http.Request {
	t.Helper()
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, reader)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// Send sends a request and reads the answer.
func Send(t testing.TB, client *http.Client, r *http.Request) Answer {
	t.Helper()
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := Answer{Status: response.StatusCode, Header: response.Header, Raw: string(raw)}
	_ = json.Unmarshal(raw, &a.Body)
	return a
}
