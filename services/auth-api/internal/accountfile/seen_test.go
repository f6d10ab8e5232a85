package accountfile_test

import (
	"strconv"
	"testing"

	"auth.books.test/services/auth-api/internal/accountfile"
)

// The memory of an import must not grow with its file.
func TestSeenForgetsTheOldest(t *testing.T) {
	t.Parallel()
	const limit = 100
	s := accountfile.NewSeen(limit)
	for line := 1; line <= 1000; line++ {
		if before := s.Note(strconv.Itoa(line), line); before != 0 {
			t.Fatalf("line %d was seen on line %d", line, before)
		}
		if back := max(1, line-limit); s.Note(strconv.Itoa(back), line) != back {
			t.Fatalf("on line %d, line %d is forgotten", line, back)
		}
		if held := s.Held(); held > 2*limit {
			t.Fatalf("%d are remembered", held)
		}
	}
	if before := s.Note("1", 1001); before != 0 {
		t.Errorf("the first is still remembered, on line %d", before)
	}
}
