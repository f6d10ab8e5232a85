//go:build !race

package httpapi_test

import "testing"

// maxAllocations is the copy of the token: fasthttp uses its buffers again, and a
// verifier may keep what it is given.
const maxAllocations = 1

// The race detector drops pooled values on purpose, hence the build tag.
func TestVerifyAllocatesTheTokenAndNoMore(t *testing.T) {
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
