package record

import (
	"strings"
	"sync"
)

// maxLists is how many shared lists are kept.
const maxLists = 4096

// lists shares equal lists between principals: a million tokens have few different
// lists of scopes. It saves memory (`make bench`, "a token in the memory of `verify`") and
// allocations (BenchmarkDirect in package direct).
type lists struct {
	mu    sync.RWMutex // guards known
	known map[string][]string
}

func newLists() *lists { return &lists{known: map[string][]string{}} }

// of returns the words of text. The slice is shared: do not change it.
func (l *lists) of(text string) []string {
	l.mu.RLock()
	words, known := l.known[text]
	l.mu.RUnlock()
	if known {
		return words
	}
	text = strings.Clone(text)
	words = strings.Fields(text)
	words = words[:len(words):len(words)] // so that append copies
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) < maxLists {
		l.known[text] = words
	}
	return words
}
