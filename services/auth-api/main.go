// Command auth-api signs people in for other APIs.
package main

import (
	"os"

	"auth.books.test/services/auth-api/internal/cli"
)

// Set by the linker; see `make build`.
var (
	version = "devel"
	commit  = "unknown"
)

func main() { os.Exit(cli.Main(cli.Build{Version: version, Commit: commit})) }
