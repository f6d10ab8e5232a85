package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
)

// rotation is what is asked for.
type rotation struct {
	dir, env, name string
	step           credential.Step
	in             input
}

func rotateCommand(t *tool) *cobra.Command {
	r := rotation{}
	var use, finish, fromStdin bool
	c := &cobra.Command{Use: "rotate", Short: "Give a secret a new value under a new name, and say what else is to be done", Args: cobra.NoArgs,
		Long: `Seals a new value as NAME-v2, NAME-v3 and so on, lets the overlay use it, and keeps the old one until --finish.
The store knows both in between, so that no request fails. It writes files only, and prints the commands that follow.
If a cluster of the environment answers, the certificate must be of one of its controller's keys.

What the store knows now is opened with the environment's key where the repository has it. Elsewhere it comes from
the cluster: kubectl -n auth get secret … -o json | platform rotate … --stdin. A chosen value can come before it, as
{"session-db-credentials": {"password": "…"}}. Of the token keys that is the whole ring, {"session-db-token-key": {"keys": "…"}}:
the keys of now and one more, which becomes the first with --use; the same goes for auth-api-service-key. No value is ever shown.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r.dir = t.dir
			if fromStdin {
				var err error
				if r.in, err = readInput(cmd.InOrStdin()); err != nil {
					return err
				}
			}
			switch {
			case use:
				r.step = credential.Use
			case finish:
				r.step = credential.Finish
			}
			return r.run(cmd.Context(), t, cmd.OutOrStdout())
		}}
	c.Flags().StringVar(&r.env, "env", "", "the overlay, minikube or gke")
	c.Flags().StringVar(&r.name, "secret", "", "which secret, without a version")
	c.Flags().BoolVar(&use, "use", false, "make tokens, or whatever a ring is for, with the new key, when every pod knows it")
	c.Flags().BoolVar(&finish, "finish", false, "drop the old value, when nobody uses it any more")
	c.Flags().BoolVar(&fromStdin, "stdin", false, "read the secret that is changed from standard input")
	c.MarkFlagsMutuallyExclusive("use", "finish")
	_ = c.MarkFlagRequired("env")
	_ = c.MarkFlagRequired("secret")
	return c
}

func (r rotation) run(ctx context.Context, t *tool, out io.Writer) error {
	f, err := openFolder(r.dir, r.env)
	if err != nil {
		return err
	}
	sealer, err := f.sealer(t.now())
	if err != nil {
		return err
	}
	if err := t.cluster(r.env).opens(ctx, sealer); err != nil {
		return err
	}
	set, err := rendered(r.dir, r.env)
	if err != nil {
		return err
	}
	versions := f.versions(r.name)
	if len(versions) == 0 {
		return fmt.Errorf("%s has no secret %s", f.dir, r.name)
	}
	for name := range r.in.given {
		if name != r.name {
			return fmt.Errorf("a value was given for %s, and %s is rotated", name, r.name)
		}
	}
	if len(r.in.given) > 0 && r.step == credential.Finish {
		return fmt.Errorf("a value of %s is given at the first step of a rotation, not at the last", r.name)
	}
	version := versionOf(versions[len(versions)-1], r.name) + 1
	change, err := r.change(f, set, version)
	if err != nil {
		return err
	}
	gone, err := r.write(f, sealer, change, version)
	if err != nil {
		return err
	}
	return r.tell(out, f, set, change, gone)
}

// change makes the new value, and the store's users to go with it.
func (r rotation) change(f *folder, set *manifest.Set, version int) (credential.Change, error) {
	source := credential.Users(r.name)
	if source == "" {
		source = r.name
	}
	// A managed store keeps its users itself: the value is all there is.
	if source != r.name && !slices.ContainsFunc(set.References(), func(ref manifest.Reference) bool { return ref.Secret == source }) {
		switch r.step {
		case credential.Begin:
			if r.in.given[r.name] == nil {
				return credential.Change{}, fmt.Errorf("the store behind %s is not run here: give its value, as {%q: {…}}, with --stdin", r.name, r.name)
			}
			value, err := credential.Anew(r.name, version, r.in.given[r.name], rand.Reader)
			return credential.Change{Value: value}, err
		case credential.Finish:
			if len(f.versions(r.name)) == 1 {
				return credential.Change{}, credential.ErrNotBegun
			}
			return credential.Change{}, nil
		}
	}
	old, err := r.old(f, f.current(source))
	if err != nil {
		return credential.Change{}, err
	}
	change, err := credential.Rotate(r.name, r.step, version, old, r.in.given[r.name], rand.Reader)
	if errors.Is(err, credential.ErrUnfinished) {
		return change, fmt.Errorf("%w: %s --finish", err, r.command())
	}
	return change, err
}

// old is a secret as it is now.
func (r rotation) old(f *folder, name string) (map[string]string, error) {
	if data := r.in.cluster[name]; data != nil {
		return data, nil
	}
	key, err := developmentKey(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		flag := ""
		switch r.step {
		case credential.Use:
			flag = " --use"
		case credential.Finish:
			flag = " --finish"
		}
		return nil, fmt.Errorf("what %s holds is needed, and only the cluster can open it: kubectl -n %s get secret %s -o json | %s%s --stdin", name, credential.Namespace, name, r.command(), flag)
	}
	if err != nil {
		return nil, err
	}
	sealed, err := os.ReadFile(f.file(name))
	if err != nil {
		return nil, fmt.Errorf("read a SealedSecret: %w", err)
	}
	opened, err := sealing.Open(key, sealed)
	return opened.Data, err
}

func (r rotation) command() string {
	return fmt.Sprintf("go run ./cmd/platform rotate --env %s --secret %s", r.env, r.name)
}

// write puts the files in place, and gives the versions that are gone.
func (r rotation) write(f *folder, sealer *sealing.Sealer, change credential.Change, version int) (gone []string, err error) {
	if change.Value != nil {
		name := fmt.Sprintf("%s-v%d", r.name, version)
		if err := f.add(sealer, credential.Secret(name, change.Value)); err != nil {
			return nil, err
		}
		f.used[r.name] = name
	}
	if change.Users != nil {
		if err := f.add(sealer, credential.Secret(credential.Users(r.name), change.Users)); err != nil {
			return nil, err
		}
	}
	if r.step == credential.Finish {
		for _, v := range f.versions(r.name) {
			if v == f.current(r.name) {
				continue
			}
			f.remove(v)
			gone = append(gone, v)
		}
	}
	return gone, f.save()
}
