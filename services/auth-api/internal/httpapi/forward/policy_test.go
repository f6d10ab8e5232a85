package forward_test

import (
	"testing"

	"auth.books.test/services/auth-api/internal/httpapi/forward"
)

func TestPolicyCacheIsBounded(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 256, 257, 10000} {
		if kept, last := forward.CachePolicies(n); kept > 256 || !last {
			t.Errorf("of %d, %d are kept; the last: %v", n, kept, last)
		}
	}
}
