package main

import (
	"fmt"
	"io"
	"path"
	"slices"

	"github.com/spf13/cobra"

	"auth.books.test/internal/scaffold"
)

func newServiceCommand(t *tool) *cobra.Command {
	return &cobra.Command{Use: "new-service NAME", Short: "Make a service that verifies tokens, as helloworld does", Args: cobra.ExactArgs(1),
		Long: `Copies helloworld under another name: code, tests, Dockerfile, manifests of all overlays and components.
It adds a line to each list that has helloworld, and renders what reviewers compare anew.

NAME is a DNS label such as order-book. Where git shows changes, nothing is written.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			made, err := scaffold.New(cmd.Context(), t.dir, args[0])
			if err != nil {
				return err
			}
			return printMade(cmd.OutOrStdout(), made)
		}}
}

func printMade(out io.Writer, made scaffold.Service) error {
	fmt.Fprintf(out, "%d files were made, in:\n", len(made.Files))
	var folders []string
	for _, file := range made.Files {
		if folder := path.Dir(file); !slices.Contains(folders, folder) {
			folders = append(folders, folder)
			fmt.Fprintf(out, "  %s\n", folder)
		}
	}
	fmt.Fprintln(out, "A line was added to:")
	for _, file := range made.Lists {
		fmt.Fprintf(out, "  %s\n", file)
	}
	fmt.Fprintln(out, "Rendered anew, for reviewers:")
	for _, file := range made.Goldens {
		fmt.Fprintf(out, "  %s\n", file)
	}
	_, err := fmt.Fprintf(out, `
Next:
  git add --all && git diff --cached      look at it
  go test ./services/%[1]s
  go test ./internal/manifest ./internal/layout
  tilt up                                 it serves at http://127.0.0.1:%[2]s

It takes tokens for the API books with the scope books:read, like helloworld: services/%[1]s/api.go says so.
docs/new-service.md goes on from here.
`, made.Name, made.Port)
	return err
}
