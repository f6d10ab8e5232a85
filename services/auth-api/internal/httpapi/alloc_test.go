//go:build !race

package httpapi_test

import "testing"

// maxAllocations are those of Fiber for any request (method, path and twice its
// form for comparison, as it is told to be Immutable) and the copy of the token.
const maxAllocations = 5

// The race detector drops pooled values on purpose, hence the build tag.
func TestVerifyAllocatesNoMoreThanFiberAndTheToken(t *testing.T) {
	d := newDoor(t)
	ctx, handler := get("/verify?api=books&scope=books:read"), d.server.Handler()
	n := testing.AllocsPerRun(1000, func() {
		ctx.Response.Reset()
		handler(ctx)
	})
	if status := ctx.Response.StatusCode(); status != 204 {
		t.Fatal(status)
	}
	if n > maxAllocations {
		t.Errorf("%v allocations, want %d at most", n, maxAllocations)
	}
}
