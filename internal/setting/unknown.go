package setting

import (
	"regexp"
	"slices"
	"strings"
)

// linked matches variables that Kubernetes and Docker set for every Service and link.
var linked = regexp.MustCompile(`_(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|ENV_.*)$`)

// Unknown finds variables that are not settings. A name that differs from a setting's name
// by at most two letters is a fault, since the setting would silently be ignored. Other
// names that begin with one of the prefixes may belong to another program, so they are only
// returned. environ has the form of os.Environ.
func Unknown(known, environ []string, prefixes ...string) (others []string, faults Faults) {
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(known, name) || linked.MatchString(name) {
			continue
		}
		if meant, near := nearest(name, known); near {
			faults.Add(name, "there is no such setting: is %s meant? Write it so, or unset this one", meant)
			continue
		}
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return others, faults
}

// nearest is the known name that this one may be a misspelling of. The first word must be
// right. In the rest, one letter in four may be wrong, and at most two: PASSWORD_FILE is no
// misspelling of PASSWORD_TIME.
func nearest(name string, known []string) (meant string, found bool) {
	name = strings.ToUpper(name)
	best := 3
	for _, k := range known {
		word, rest, _ := strings.Cut(k, "_")
		if !strings.HasPrefix(name, word+"_") {
			continue
		}
		if d := distance(name, k); d < best && d <= len(rest)/4 {
			best, meant = d, k
		}
	}
	return meant, meant != ""
}

// distance is the Levenshtein distance: the number of letters to add, drop or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
