package devtest

import (
	"bytes"
	"sync"
)

// Output collects the output of a process and can be read at any time.
type Output struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

// Write appends output.
func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

// String returns the output so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
