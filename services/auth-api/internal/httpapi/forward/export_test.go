package forward

import "fmt"

// KeepPolicies keeps so many, and tells how many are there then and whether the
// last is.
func KeepPolicies(n int) (kept int, last bool) {
	var p policies
	query := func(i int) []byte { return fmt.Appendf(nil, "api=a%d", i) }
	for i := range n {
		p.keep(query(i), &policy{})
	}
	return len(*p.known.Load()), p.of(query(n-1)) != nil
}
