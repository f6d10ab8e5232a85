package devtest

import (
	"bytes"
	"sync"
)

// Output is what a process prints, readable while it does.
type Output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write takes what is printed.
func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

// String is everything so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
