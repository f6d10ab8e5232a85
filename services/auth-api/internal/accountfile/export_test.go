package accountfile

// Seen is the memory for twins.
type Seen = seen

// NewSeen makes one that remembers as many keys at least.
func NewSeen(limit int) *Seen { return newSeen(limit) }

// Note is note.
func (s *seen) Note(key string, line int) int { return s.note(key, line) }

// Held is how many keys are remembered.
func (s *seen) Held() int { return len(s.young) + len(s.old) }
