// Command dev is auth-api with one command more, which `make run` starts: it brings
// stores of its own, a sample to try, and nothing that a release should hold.
package main

import (
	"os"

	"auth.books.test/services/auth-api/internal/cli"
)

const version = "devel"

func main() { os.Exit(cli.Main(cli.Build{Version: version, Commit: "unknown"}, devCommand())) }
