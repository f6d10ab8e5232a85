package secrets

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/credential"
	"auth.books.test/internal/sealing"
)

// Sealed is what Seal has written.
type Sealed struct {
	Folder string
	Names  []string
	// Replaced are those that had another value before.
	Replaced []string
}

// Seal seals every secret that the overlay needs, with the values that are given and random ones for the rest. What is
// sealed already stays, unless replace is set.
func Seal(ctx context.Context, c cluster.Cluster, given credential.Values, replace bool) (Sealed, error) {
	f, sealer, err := open(ctx, c)
	if err != nil {
		return Sealed{}, err
	}
	set, err := needed(c.Dir, c.Env)
	if err != nil {
		return Sealed{}, err
	}
	others := map[string][]string{}
	operator := set.OperatorSecrets()
	for _, r := range set.References() {
		if operator[r.Secret] == nil && r.Key != "" {
			others[r.Secret] = append(others[r.Secret], r.Key)
		}
	}
	secrets, err := credential.Fresh(given, others, rand.Reader)
	if err != nil {
		return Sealed{}, err
	}
	var missing []sealing.Secret
	for _, s := range secrets {
		if _, err := os.Stat(f.file(f.Current(s.Name))); err != nil || replace {
			missing = append(missing, s)
		}
	}
	if err := whole(missing, f.dir, c.Env); err != nil {
		return Sealed{}, err
	}
	if given := notSealed(given, missing); len(given) > 0 {
		return Sealed{}, fmt.Errorf("a value is given for %s, which is sealed already: change it with rotate, or seal all anew with --replace", strings.Join(given, ", "))
	}
	if err := notInUse(ctx, c, missing); err != nil {
		return Sealed{}, err
	}
	done := Sealed{Folder: f.dir, Replaced: sealedBefore(f, missing)}
	for _, s := range missing {
		for _, version := range f.versions(s.Name) {
			f.remove(version)
		}
		delete(f.used, s.Name)
		if err := f.add(sealer, s); err != nil {
			return Sealed{}, err
		}
		done.Names = append(done.Names, s.Name)
	}
	return done, f.save()
}

// notSealed are secrets that values are given for, and that are not to be sealed.
func notSealed(given credential.Values, missing []sealing.Secret) (names []string) {
	for name := range given {
		if !slices.ContainsFunc(missing, func(s sealing.Secret) bool { return s.Name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// sealedBefore are secrets that get another value than the one that is sealed.
func sealedBefore(f *Folder, missing []sealing.Secret) (names []string) {
	for _, s := range missing {
		if len(f.versions(s.Name)) > 0 {
			names = append(names, s.Name)
		}
	}
	return names
}

// whole refuses to make only some of several secrets that belong together, such as a password and its hash.
func whole(missing []sealing.Secret, dir, env string) error {
	for _, tied := range credential.Tied() {
		n := 0
		for _, s := range missing {
			if slices.Contains(tied, s.Name) {
				n++
			}
		}
		if n == 1 && slices.ContainsFunc(missing, func(s sealing.Secret) bool { return s.Name == credential.AuthDBService }) {
			return fmt.Errorf("%s has no %s, of the user as which auth-api serves: go run ./cmd/platform rotate --env %s --secret %[2]s", dir, credential.AuthDBService, env)
		}
		if n > 0 && n < len(tied) {
			return fmt.Errorf("only some of %s are sealed in %s, and they belong together: seal all anew with --replace, then roll the stores", strings.Join(tied, ", "), dir)
		}
	}
	return nil
}
