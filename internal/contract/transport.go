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

// Transport sends requests to one service, and reports each answer that differs from the
// service's document.
type Transport struct {
	// OnFault is called by RoundTrip with what is wrong, perhaps by several goroutines at
	// once.
	OnFault func(error)
	// Documents caches parsed documents for all transports of a test run. It is required.
	Documents *Documents

	once     sync.Once
	document *Document
	err      error
}

// Documents caches documents by their text, since most services under test serve the same
// one. Its zero value is empty.
type Documents struct {
	mu    sync.Mutex // guards known
	known map[[sha256.Size]byte]*Document
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if err := t.Hold(r, answer); err != nil {
		t.OnFault(err)
	}
	return answer, nil
}

// Hold checks an answer against the document, and returns what is wrong. It fetches the
// document from the scheme and host of the request's URL. The body of the answer can still
// be read afterwards.
func (t *Transport) Hold(r *http.Request, answer *http.Response) error {
	t.once.Do(func() { t.document, t.err = t.fetch(r) })
	if t.err != nil {
		return t.err
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil {
		// If the connection breaks, the test decides what that means.
		answer.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), broken{err}))
		return nil
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	err = t.document.Check(r, answer)
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return err
}

// broken is the end of a body that did not arrive completely.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func (t *Transport) fetch(r *http.Request) (*Document, error) {
	address := *r.URL
	address.Path, address.RawPath, address.RawQuery = "/openapi.json", "", ""
	get, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("ask for the OpenAPI document: %w", err)
	}
	answer, err := http.DefaultTransport.RoundTrip(get)
	if err != nil {
		return nil, fmt.Errorf("ask for the OpenAPI document: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("ask for the OpenAPI document: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for the OpenAPI document: status %d", answer.StatusCode)
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
