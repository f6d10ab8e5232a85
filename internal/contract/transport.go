package contract

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Transport sends requests, and tells OnFault of each answer that is not as the
// document of its service says.
type Transport struct {
	// Base sends; http.DefaultTransport if nil.
	Base http.RoundTripper
	// OnFault is told what is wrong. It may be called by several goroutines.
	OnFault func(error)
	// Documents are those that were read before, shared by all transports of a test
	// run; needed.
	Documents *Documents
	once      sync.Once
	document  *Document
}

// Documents remembers documents by their text, as most services under test serve
// the same one. Its zero value is empty.
type Documents struct {
	mu    sync.Mutex // guards known
	known map[[sha256.Size]byte]*Document
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	answer, err := base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	t.once.Do(func() { t.document = t.fetch(base, r) })
	if t.document != nil {
		if err := t.check(r, answer); err != nil {
			t.OnFault(err)
		}
	}
	return answer, nil
}

// check holds the answer against the document, and leaves it as it was.
func (t *Transport) check(r *http.Request, answer *http.Response) error {
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", r.Method, r.URL.Path, err)
	}
	if !t.document.Names(r) {
		if answer.StatusCode < 400 && answer.StatusCode != http.StatusNoContent && !outside(r.URL.Path) {
			return fmt.Errorf("%s %s was answered with %d, and /openapi.json does not know it", r.Method, r.URL.Path, answer.StatusCode)
		}
		return nil
	}
	err = t.document.Check(r, answer)
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return err
}

// outside says which pages are for people, and not of the API.
func outside(path string) bool {
	return path == "/docs" || len(path) > 6 && path[:6] == "/docs/" || path == "/openapi.json" || path == "/openapi.yaml" ||
		path == "/openapi-3.0.json" || path == "/openapi-3.0.yaml"
}

func (t *Transport) fetch(base http.RoundTripper, r *http.Request) *Document {
	document, err := t.read(base, r)
	if err != nil {
		t.OnFault(err)
	}
	return document
}

func (t *Transport) read(base http.RoundTripper, r *http.Request) (*Document, error) {
	address := *r.URL
	address.Path, address.RawPath, address.RawQuery = "/openapi.json", "", ""
	get, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("ask for the OpenAPI document: %w", err)
	}
	answer, err := base.RoundTrip(get)
	if err != nil {
		return nil, fmt.Errorf("ask for the OpenAPI document: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for the OpenAPI document: status %d, %w", answer.StatusCode, err)
	}
	return t.Documents.of(text)
}

func (d *Documents) of(text []byte) (*Document, error) {
	sum := sha256.Sum256(text)
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.known[sum]; known != nil {
		return known, nil
	}
	document, err := Parse(text)
	if err != nil {
		return nil, err
	}
	if d.known == nil {
		d.known = map[[sha256.Size]byte]*Document{}
	}
	d.known[sum] = document
	return document, nil
}
