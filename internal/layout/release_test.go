package layout_test

import (
	"os/exec"
	"strings"
	"testing"
)

// What `make run` brings, such as a Redis and a Postgres of its own, is no part of what
// is released.
func TestReleaseHoldsNothingOfDevelopment(t *testing.T) {
	t.Parallel()
	of := func(program string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", program).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	laptop := []string{module + "internal/devstack", module + "internal/mailbox", "github.com/alicebob/miniredis/v2", "github.com/fergusstrange/embedded-postgres"}
	release, development := of(authAPI), of(authAPI+"/dev")
	found := 0
	for _, path := range laptop {
		if strings.Contains(release, path+"\n") {
			t.Errorf("auth-api is built with %s", path)
		}
		if strings.Contains(development, path+"\n") {
			found++
		}
	}
	if found == 0 {
		t.Error("nothing of it is in the program for development either: nothing is tested")
	}
}
