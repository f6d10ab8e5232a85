package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"auth.books.test/internal/manifest"
)

func renderCommand(t *tool) *cobra.Command {
	return &cobra.Command{Use: "render OVERLAY", Short: "Print what kubectl apply -k would apply", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := manifest.Render(filepath.Join(t.dir, "kustomize", "overlays", args[0]))
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(out)
			return err
		}}
}
