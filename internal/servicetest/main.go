package servicetest

import (
	"flag"
	"runtime"
	"strconv"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

// atOnce is how many tests run at once for each processor. They wait for programs, and
// for deadlines to pass, most of the time.
const atOnce = 3

// Main is devtest.Main for a package whose tests start programs. More of them run at
// once than usual, unless -parallel says how many.
func Main(m *testing.M) int {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		// The flag is there, and takes every number.
		_ = flag.Set("test.parallel", strconv.Itoa(atOnce*runtime.GOMAXPROCS(0)))
	}
	return devtest.Main(m)
}
