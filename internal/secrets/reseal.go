package secrets

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/credential"
)

// Reseal seals the values that the cluster has again, under the same names, for the certificate that is in the folder
// now. It gives the names.
func Reseal(ctx context.Context, c cluster.Cluster, values credential.Values) ([]string, error) {
	f, sealer, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, name := range f.names {
		if values[name] == nil {
			missing = append(missing, name)
		}
	}
	// All or nothing: a folder that is sealed for two keys opens in no cluster.
	if len(missing) > 0 {
		return nil, fmt.Errorf("standard input has no secret %s: kubectl -n %s get secrets -o json gives all", strings.Join(missing, ", "), c.Namespace())
	}
	current := credential.Values{}
	for _, name := range f.names {
		base := BaseOf(name)
		if err := credential.Check(base, values[name]); err != nil {
			return nil, fmt.Errorf("the cluster's %w", err)
		}
		if name == f.Current(base) {
			current[base] = values[name]
		}
	}
	if err := errors.Join(credential.Fit(current)...); err != nil {
		return nil, err
	}
	for _, name := range f.names {
		if err := f.add(sealer, credential.Secret(name, values[name])); err != nil {
			return nil, err
		}
	}
	return f.names, f.save()
}
