//go:build !race

package httpapi_test

import "testing"

// Allocations at every request make the garbage collector run several times a second,
// and callers wait for it. The race detector drops pooled values on purpose, hence the
// build tag.
func TestVerifyAllocatesNothing(t *testing.T) {
	d := newDoor(t)
	ctx, handler := get("/verify?api=books&scope=books:read"), d.server.Handler()
	n := testing.AllocsPerRun(1000, func() {
		ctx.Response.Reset()
		handler(ctx)
	})
	if status := ctx.Response.StatusCode(); status != 204 {
		t.Fatal(status)
	}
	if n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
