package development_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "auth.books.test/"

// A package that names the type of a client of go-redis compiles some 1,500 methods again, since
// the type has a field of a generic type. That adds two seconds between saving a file and serving
// it (docs/development.md, "The loop").
func TestOnlyWhatIsNextToRedisCompilesItsClient(t *testing.T) {
	t.Parallel()
	next := []string{module + "verify/cache", module + "verify/direct", module + "services/auth-api/internal/access", module + "services/auth-api/internal/sessiondb"}
	list := exec.CommandContext(t.Context(), "go", "list", "-buildvcs=false", "-trimpath", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "./services/auth-api", "./services/helloworld")
	list.Dir = root
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux") // as the images, so that Go has it
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	compiled := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		name, object, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(name, module) {
			continue
		}
		symbols, err := exec.CommandContext(t.Context(), "go", "tool", "nm", object).Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		compiled[name] = strings.Contains(string(symbols), "weak.Pointer[github.com/redis/go-redis/v9.Client]")
		if compiled[name] && !slices.Contains(next, name) {
			t.Errorf("%s compiles a client of go-redis: take a redis.Cmdable, or an interface of your own, into its types and signatures", name)
		}
	}
	for _, name := range next {
		if !compiled[name] {
			t.Errorf("%s no longer compiles a client of go-redis: does the type still have a field of a generic type? If not, this rule can go", name)
		}
	}
}
