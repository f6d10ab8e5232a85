package setting

import (
	"regexp"
	"slices"
	"strings"
)

// Kubernetes and Docker set these for every Service and link.
var linked = regexp.MustCompile(`_(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|ENV_.*)$`)

// Unknown looks for variables that are no settings. What is a slip of two letters
// at most from the name of a setting is a fault: the setting would silently not be
// made. Other names that begin with one of the prefixes may be those of another
// program, so they are only given back. environ is as of os.Environ.
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

// nearest is the known name of which this one may be a slip. The first word must
// be right, and of the rest, one letter in four may be wrong, and two at most:
// PASSWORD_FILE is not PASSWORD_TIME.
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

// distance counts the letters to add, drop or change (Levenshtein).
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
