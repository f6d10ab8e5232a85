package record

import (
	"strings"
	"sync"
)

// maxLists bounds the memory of lists that are shared.
const maxLists = 4096

// lists makes one list of all that read alike: a million tokens have few
// different scopes.
type lists struct {
	mu    sync.RWMutex
	known map[string][]string
}

func newLists() *lists { return &lists{known: map[string][]string{}} }

// of gives the words of text. They are shared: nobody may change them.
func (l *lists) of(text string) []string {
	l.mu.RLock()
	words, known := l.known[text]
	l.mu.RUnlock()
	if known {
		return words
	}
	text = strings.Clone(text)
	words = strings.Fields(text)
	words = words[:len(words):len(words)] // who appends gets a list of their own
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.known) < maxLists {
		l.known[text] = words
	}
	return words
}
