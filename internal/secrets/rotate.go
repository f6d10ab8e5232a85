package secrets

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
)

// Rotation is one step of giving a secret a new value.
type Rotation struct {
	Name  string // without a version
	Step  credential.Step
	Input Input
}

// rotation is a Rotation in an environment.
type rotation struct {
	dir, env, name string
	step           credential.Step
	in             Input
	namespace      string
}

// Rotate does a step of a rotation in the environment's folder, and gives the commands that follow in the cluster.
func Rotate(ctx context.Context, c cluster.Cluster, asked Rotation) (runbook string, err error) {
	r := rotation{c.Dir, c.Env, asked.Name, asked.Step, asked.Input, c.Namespace()}
	f, sealer, err := open(ctx, c)
	if err != nil {
		return "", err
	}
	set, err := cluster.Render(r.dir, r.env)
	if err != nil {
		return "", err
	}
	versions := f.versions(r.name)
	// The first one is made where an earlier version of the platform had none.
	first := len(versions) == 0 && r.name == credential.AuthDBService && r.step == credential.Begin
	if len(versions) == 0 && !first {
		return "", fmt.Errorf("%s has no secret %s", f.dir, r.name)
	}
	for name := range r.in.Given {
		if name != r.name {
			return "", fmt.Errorf("a value was given for %s, and %s is rotated", name, r.name)
		}
	}
	if len(r.in.Given) > 0 && r.step == credential.Finish {
		return "", fmt.Errorf("a value of %s is given at the first step of a rotation, not at the last", r.name)
	}
	version := 1
	if !first {
		version = versionOf(versions[len(versions)-1], r.name) + 1
	}
	change, err := r.change(f, set, version)
	if err != nil {
		return "", err
	}
	gone, err := r.write(f, sealer, change, version)
	if err != nil {
		return "", err
	}
	return r.runbook(f, set, change, gone, first), nil
}

// change makes the new value, and the store's users that belong to it.
func (r rotation) change(f *Folder, set *manifest.Set, version int) (credential.Change, error) {
	source := credential.Users(r.name)
	if source == "" {
		source = r.name
	}
	// A managed store keeps its users itself: the value is all there is.
	if source != r.name && !slices.ContainsFunc(set.References(), func(ref manifest.Reference) bool { return ref.Secret == source }) {
		switch r.step {
		case credential.Begin:
			if r.in.Given[r.name] == nil {
				return credential.Change{}, fmt.Errorf("the store behind %s is not run here: give its value, as {%q: {…}}, with --stdin", r.name, r.name)
			}
			value, err := credential.Anew(r.name, version, r.in.Given[r.name], rand.Reader)
			return credential.Change{Value: value}, err
		case credential.Finish:
			if len(f.versions(r.name)) == 1 {
				return credential.Change{}, credential.ErrNotBegun
			}
			return credential.Change{}, nil
		}
	}
	old, err := r.old(f, f.Current(source))
	if err != nil {
		return credential.Change{}, err
	}
	change, err := credential.Rotate(r.name, r.step, version, old, r.in.Given[r.name], rand.Reader)
	if errors.Is(err, credential.ErrUnfinished) {
		return change, fmt.Errorf("%w: %s --finish", err, r.command())
	}
	return change, err
}

// old is the current content of a secret.
func (r rotation) old(f *Folder, name string) (map[string]string, error) {
	if data := r.in.Cluster[name]; data != nil {
		return data, nil
	}
	opened, err := f.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		flag := map[credential.Step]string{credential.Use: " --use", credential.Finish: " --finish"}[r.step]
		return nil, fmt.Errorf("what %s holds is needed, and only the cluster can open it: kubectl -n %s get secret %s -o json | %s%s --stdin", name, r.namespace, name, r.command(), flag)
	}
	return opened.Data, err
}

func (r rotation) command() string {
	return fmt.Sprintf("go run ./cmd/platform rotate --env %s --secret %s", r.env, r.name)
}

// write writes the folder, and gives the versions that it removed.
func (r rotation) write(f *Folder, sealer *sealing.Sealer, change credential.Change, version int) (gone []string, err error) {
	if change.Value != nil {
		name := r.name
		if version > 1 {
			name = fmt.Sprintf("%s-v%d", r.name, version)
			f.used[r.name] = name
		}
		if err := f.add(sealer, credential.Secret(name, change.Value)); err != nil {
			return nil, err
		}
	}
	if change.Users != nil {
		if err := f.add(sealer, credential.Secret(credential.Users(r.name), change.Users)); err != nil {
			return nil, err
		}
	}
	if r.step == credential.Finish {
		for _, v := range f.versions(r.name) {
			if v == f.Current(r.name) {
				continue
			}
			f.remove(v)
			gone = append(gone, v)
		}
	}
	return gone, f.save()
}
