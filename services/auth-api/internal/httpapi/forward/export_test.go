package forward

import "fmt"

// CachePolicies adds n policies to a cache, and says how many it holds then and whether
// the last is one of them.
func CachePolicies(n int) (cached int, last bool) {
	var p policies
	query := func(i int) []byte { return fmt.Appendf(nil, "api=a%d", i) }
	for i := range n {
		p.add(query(i), &policy{})
	}
	return len(*p.byQuery.Load()), p.find(query(n-1)) != nil
}
