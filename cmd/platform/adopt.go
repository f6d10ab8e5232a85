package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"auth.books.test/internal/adopt"
)

func adoptCommand(t *tool) *cobra.Command {
	var to adopt.Names
	var keys string
	c := &cobra.Command{Use: "adopt", Short: "Turn a fresh clone into your own: module, hosts, registry, sealing keys and secrets", Args: cobra.NoArgs,
		Long: `Replaces the names of this repository by yours, and all secrets by new ones:

  --module    the path of the Go module, in go.mod, imports and pages
  --domain    the services become auth.DOMAIN and, by its name, each other (helloworld.DOMAIN), in overlays, settings, tests and pages
  --registry  where clusters take the two images from
  --namespace the namespace of the platform in clusters, which stays unless it is given
  --keys      a folder outside the repository for the private sealing keys of clusters

The tree must have no changes, so that "git diff" shows what it did and "git restore ." takes it back.
What follows by hand is printed at the end. Addresses of the sample, such as ada@books.test, stay.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to.Namespace == "" {
				from, err := adopt.Current(t.dir)
				if err != nil {
					return err
				}
				to.Namespace = from.Namespace
			}
			done, err := adopt.Adopt(cmd.Context(), adopt.Plan{Dir: t.dir, To: to, Keys: keys, Cluster: t.cluster})
			if err != nil {
				return err
			}
			if err := adopt.Goldens(t.dir); err != nil {
				return err
			}
			return printAdopted(cmd.OutOrStdout(), t.dir, keys, to, done)
		}}
	c.Flags().StringVar(&to.Module, "module", "", "the module's path, such as git.example.org/team/auth")
	c.Flags().StringVar(&to.Domain, "domain", "", "the domain of the services, such as example.org")
	c.Flags().StringVar(&to.Registry, "registry", "", "registry and folder of the images, such as registry.example.org/auth")
	c.Flags().StringVar(&to.Namespace, "namespace", "", "the namespace in clusters; that of now, unless it is given")
	c.Flags().StringVar(&keys, "keys", "", "a folder outside the repository for private sealing keys; made if it is not there")
	for _, name := range []string{"module", "domain", "registry", "keys"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

func printAdopted(out io.Writer, dir, keys string, to adopt.Names, done adopt.Done) error {
	fmt.Fprintf(out, "%d files name %s, auth.%s and %s now.\n", len(done.Files), to.Module, to.Domain, to.Registry)
	for _, key := range done.Keys {
		fmt.Fprintf(out, "%s: new secrets, sealed for the key in %s\n", key.Env, key.File)
	}
	_, err := fmt.Fprintf(out, `
Next:
  git diff                                    look at it
  make test                                   all of it holds with the new names
  keep %s out of git, where your team keeps secrets
  git commit -am "platform: take our own names"
  cd %s && make run
`, filepath.Clean(keys), filepath.Clean(dir))
	return err
}
