// Command dev is auth-api with an additional command, dev, which `make run` starts: it
// starts stores of its own and creates a sample account. Releases do not contain it.
package main

import (
	"os"

	"auth.books.test/services/auth-api/internal/cli"
)

const version = "devel"

func main() { os.Exit(cli.Main(cli.Build{Version: version, Commit: "unknown"}, devCommand())) }
