package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
	"auth.books.test/internal/secrets"
)

// examineSecrets finds Secrets that pods use and the cluster does not have, and those that are not what was sealed.
// Values are compared, and never shown.
func (c checker) examineSecrets(ctx context.Context, known *causes) (found []Finding) {
	if c.Set == nil {
		return nil
	}
	var list corev1.SecretList
	if err := c.Get(ctx, c.Namespace(), "secrets --show-managed-fields", &list); err != nil {
		return []Finding{{"the Secrets cannot be read", c.Kubectl("get secrets")}}
	}
	there := map[string]*corev1.Secret{}
	for i := range list.Items {
		there[list.Items[i].Name] = &list.Items[i]
	}
	users := map[string][]string{} // workloads, by the Secret that they lack
	for _, r := range c.Set.References() {
		if there[r.Secret] == nil && !slices.Contains(users[r.Secret], r.Workload) {
			users[r.Secret] = append(users[r.Secret], r.Workload)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(users)) {
		if !known.secrets[name] && !known.noController && !known.noKey {
			found = append(found, Finding{fmt.Sprintf("%s needs the Secret %s, and the cluster has none", strings.Join(users[name], ", "), name),
				"kubectl apply -k " + c.Sealed() + " && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"})
		}
		known.secrets[name] = true
	}
	for _, o := range c.Set.OfKind("SealedSecret") {
		if s := there[o.Name]; s != nil && !known.secrets[o.Name] {
			if why := c.difference(o, s); why != "" {
				known.secrets[o.Name] = true
				found = append(found, Finding{fmt.Sprintf("the Secret %s is not what git has sealed: %s", o.Name, why),
					fmt.Sprintf(c.Kubectl("delete secret %s && go run ./cmd/platform sync --env %s"), o.Name, c.Env)})
			}
		}
	}
	return found
}

// difference says how a Secret differs from what was sealed: by its values where the repository can open them, else
// by its keys, its owner and who wrote it.
func (c checker) difference(sealed manifest.Other, s *corev1.Secret) string {
	want, have := slices.Sorted(maps.Keys(secrets.EncryptedData(sealed))), slices.Sorted(maps.Keys(s.Data))
	if !slices.Equal(want, have) {
		return fmt.Sprintf("it has the keys %s, and not %s", strings.Join(have, ", "), strings.Join(want, ", "))
	}
	if opened, err := c.open(sealed.Name); err == nil {
		for _, key := range want {
			if opened.Data[key] != string(s.Data[key]) {
				return "the value of " + key + " differs"
			}
		}
		return ""
	}
	for _, f := range s.ManagedFields {
		if strings.HasPrefix(f.Manager, "kubectl") && f.FieldsV1 != nil && strings.Contains(f.FieldsV1.GetRawString(), `"f:data"`) {
			return "it was changed by hand with " + f.Manager
		}
	}
	if !slices.ContainsFunc(s.OwnerReferences, ownedBySealed) {
		return "it was made by hand"
	}
	return ""
}

// open opens a sealed file of the environment, where the repository has the key.
func (c checker) open(name string) (sealing.Secret, error) {
	f, err := secrets.OpenFolder(c.Dir, c.Env)
	if err != nil {
		return sealing.Secret{}, err
	}
	return f.Open(name)
}

func ownedBySealed(o metav1.OwnerReference) bool { return o.Kind == "SealedSecret" }
