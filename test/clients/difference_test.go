package clients_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// difference is a part of the answers in which the sides differ: what each answers, and why
// that is right or harmless.
type difference struct{ in, ours, theirs, why string }

// known are differences for one reason: part, what ours is, what theirs is, and so on.
func known(why string, parts ...string) (all []difference) {
	for part := range slices.Chunk(parts, 3) {
		all = append(all, difference{part[0], part[1], part[2], why})
	}
	return all
}

// compare holds the two outcomes against what is known to differ. What is known and differs no
// more is an error as well, so that the list stays true.
func (p probe) compare(t *testing.T, ours, theirs outcome) {
	t.Helper()
	expected := map[string]difference{}
	for _, d := range p.differs {
		if expected[d.in] = d; d.why == "" {
			t.Errorf("%s differs for no reason", d.in)
		}
	}
	for _, in := range []string{status, code, asked, media, stored, members} {
		a, b := ours[in], theirs[in]
		if in == members && a != "" && b != "" {
			a, b = without(a, b), without(b, a)
		}
		want, listed := expected[in]
		switch {
		case a == b && listed:
			t.Errorf("%s: both sides answer the same %s, which is listed as a difference: %q", p.request, in, ours[in])
		case a != b && (want.ours != a || want.theirs != b):
			t.Errorf("%s: a difference that nobody has explained: %s, %q, %q,\nours   %s\ntheirs %s", p.request, in, a, b, ours, theirs)
		}
	}
}

// without are the words of one text that another does not have.
func without(one, other string) string {
	have := strings.Fields(other)
	return strings.Join(slices.DeleteFunc(strings.Fields(one), func(word string) bool { return slices.Contains(have, word) }), " ")
}

func (o outcome) String() string {
	var out strings.Builder
	for _, in := range slices.Sorted(maps.Keys(o)) {
		fmt.Fprintf(&out, "%s: %s; ", in, o[in])
	}
	return strings.TrimSuffix(out.String(), "; ")
}
