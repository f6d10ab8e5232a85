package secrets

import (
	"context"
	"strings"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/manifest"
)

// State is a SealedSecret in the cluster, as far as it is read.
type State struct {
	Metadata struct {
		Name, UID  string
		Generation int64
	}
	Spec   struct{ EncryptedData map[string]string }
	Status *struct {
		ObservedGeneration int64
		Conditions         []struct{ Type, Status, Message string }
	}
}

// Opened says whether the controller has processed the current generation, and why it could not open it.
func (s State) Opened() (processed bool, problem string) {
	if s.Status == nil || s.Status.ObservedGeneration < s.Metadata.Generation {
		return false, ""
	}
	for _, c := range s.Status.Conditions {
		if c.Type == "Synced" {
			if c.Status == "False" {
				return true, strings.Join(strings.Fields(c.Message), " ")
			}
			return true, ""
		}
	}
	return false, ""
}

// States are the SealedSecrets in the cluster, by name.
func States(ctx context.Context, c cluster.Cluster) (map[string]State, error) {
	var list struct{ Items []State }
	if err := c.Get(ctx, c.Namespace(), "sealedsecrets", &list); err != nil {
		return nil, err
	}
	all := map[string]State{}
	for _, s := range list.Items {
		all[s.Metadata.Name] = s
	}
	return all, nil
}

// Cause is the controller's message without the details that differ between secrets.
func Cause(message string) string {
	for _, cause := range []string{"no key could decrypt", "immutable"} {
		if strings.Contains(message, cause) {
			return cause
		}
	}
	return message
}

// Differences names the secrets of the overlay that the cluster does not have, and those that it has with another content.
func Differences(set *manifest.Set, all map[string]State) (missing, differs []string) {
	if set == nil {
		return nil, nil
	}
	for _, o := range set.OfKind("SealedSecret") {
		there, found := all[o.Name]
		data := EncryptedData(o)
		same := len(data) == len(there.Spec.EncryptedData)
		for key, value := range data {
			same = same && there.Spec.EncryptedData[key] == value
		}
		if !found {
			missing = append(missing, o.Name)
		} else if !same {
			differs = append(differs, o.Name)
		}
	}
	return missing, differs
}

// EncryptedData is the content of a SealedSecret in git, by key.
func EncryptedData(sealed manifest.Other) map[string]any {
	spec, _ := sealed.Content["spec"].(map[string]any)
	data, _ := spec["encryptedData"].(map[string]any)
	return data
}
