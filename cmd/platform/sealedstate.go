package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/sealing"
)

// sealedInCluster is what is read of a SealedSecret in the cluster.
type sealedInCluster struct {
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

// opened says whether the controller has looked at it as it is now, and why it could not open it.
func (s sealedInCluster) opened() (looked bool, problem string) {
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

// sealedSecrets are those in the cluster, by name.
func (c cluster) sealedSecrets(ctx context.Context) (map[string]sealedInCluster, error) {
	var list struct{ Items []sealedInCluster }
	if err := c.get(ctx, credential.Namespace, "sealedsecrets", &list); err != nil {
		return nil, err
	}
	all := map[string]sealedInCluster{}
	for _, s := range list.Items {
		all[s.Metadata.Name] = s
	}
	return all, nil
}

// examineUnsealed compares the SealedSecrets of the cluster with git's, and finds what the controller could
// not open. What has one cause is said in one line.
func (c cluster) examineUnsealed(ctx context.Context, known *causes) (found []finding) {
	all, err := c.sealedSecrets(ctx)
	if err != nil {
		return []finding{{"the sealed secrets cannot be read", "kubectl -n auth get sealedsecrets"}}
	}
	apply := "kubectl apply -k " + c.sealed()
	missing, differs := c.notAsInGit(all)
	if len(missing) > 0 {
		found = append(found, finding{fmt.Sprintf("git has %s sealed, and the cluster does not", strings.Join(missing, ", ")), apply})
	}
	if len(differs) > 0 {
		found = append(found, finding{fmt.Sprintf("the cluster has %s sealed otherwise than git", strings.Join(differs, ", ")), apply + " && go run ./cmd/platform sync --env " + c.env})
	}
	for _, name := range missing {
		known.secrets[name] = true
	}
	var left, waiting []string
	failed := map[string][]string{} // names by message
	for _, name := range slices.Sorted(maps.Keys(all)) {
		looked, problem := all[name].opened()
		if problem != "" {
			failed[sameCause(problem, name)] = append(failed[sameCause(problem, name)], name)
			known.secrets[name] = true
		} else if !looked {
			if !slices.Contains(differs, name) {
				waiting = append(waiting, name)
			}
			known.secrets[name] = true
		}
		if c.set != nil && !slices.ContainsFunc(c.set.OfKind("SealedSecret"), func(o manifest.Other) bool { return o.Name == name }) &&
			credential.Needed(baseOf(name)) {
			left = append(left, name)
		}
	}
	if known.noKey {
		delete(failed, "no key could decrypt")
	}
	for _, message := range slices.Sorted(maps.Keys(failed)) {
		found = append(found, c.unsealed(strings.Join(failed[message], ", "), message))
	}
	if len(waiting) > 0 && !known.noController {
		found = append(found, finding{fmt.Sprintf("the controller has not looked at %s as it is now", strings.Join(waiting, ", ")), "kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"})
	}
	if len(left) > 0 {
		found = append(found, finding{fmt.Sprintf("the cluster has %s, and git does not: left from a rotation that was finished, or of another branch", strings.Join(left, ", ")),
			"kubectl -n auth delete sealedsecret " + strings.Join(left, " ")})
	}
	return found
}

// sameCause is the controller's message without what differs between secrets of one cause.
func sameCause(message, name string) string {
	for _, cause := range []string{"no key could decrypt", "immutable"} {
		if strings.Contains(message, cause) {
			return cause
		}
	}
	return message
}

// notAsInGit names what the overlay has sealed and the cluster has not, or has otherwise.
func (c cluster) notAsInGit(all map[string]sealedInCluster) (missing, differs []string) {
	if c.set == nil {
		return nil, nil
	}
	for _, o := range c.set.OfKind("SealedSecret") {
		there, found := all[o.Name]
		data := encryptedData(o)
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

// encryptedData is what a SealedSecret of git holds, by key.
func encryptedData(sealed manifest.Other) map[string]any {
	spec, _ := sealed.Content["spec"].(map[string]any)
	data, _ := spec["encryptedData"].(map[string]any)
	return data
}

// unsealed reads the controller's message.
func (c cluster) unsealed(names, message string) finding {
	list := strings.ReplaceAll(names, ",", "")
	switch {
	case strings.Contains(message, "not managed"):
		return finding{fmt.Sprintf("a Secret %s that was made by hand keeps the sealed one from being opened", names),
			// It has given up by then.
			"kubectl -n auth delete secret " + list + " && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"}
	case strings.Contains(message, "immutable"):
		return finding{fmt.Sprintf("%s is sealed with another value under the same name, and a Secret does not change", names),
			fmt.Sprintf("git checkout an earlier %s, and go run ./cmd/platform rotate --env %s --secret NAME; or, if no store knows the old value, kubectl -n auth delete secret %s && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets", c.sealed(), c.env, list)}
	case strings.Contains(message, "no key could decrypt") && c.env == "minikube":
		return finding{fmt.Sprintf("the controller has not the key that opens %s, or it was sealed for another namespace or name", names),
			"kubectl apply -k sealed-secrets/minikube/key && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"}
	case strings.Contains(message, "no key could decrypt"):
		return finding{fmt.Sprintf("the controller has not the key that opens %s, or it was sealed for another namespace or name", names),
			fmt.Sprintf("restore its key as sealed-secrets/README.md says, or go run ./cmd/platform certificate --env %[1]s, and seal the same values again: kubectl -n auth get secrets -o json | go run ./cmd/platform reseal --env %[1]s; where they are lost: go run ./cmd/platform seal --env %[1]s --replace", c.env)}
	}
	return finding{fmt.Sprintf("the controller does not open %s (%s)", names, message), "kubectl -n sealed-secrets logs deployment/sealed-secrets"}
}

// examineSecrets finds Secrets that pods use and the cluster has not, and those that are not what was sealed.
// Values are compared, and never shown.
func (c cluster) examineSecrets(ctx context.Context, known *causes) (found []finding) {
	if c.set == nil {
		return nil
	}
	var list corev1.SecretList
	if err := c.get(ctx, credential.Namespace, "secrets --show-managed-fields", &list); err != nil {
		return []finding{{"the Secrets cannot be read", "kubectl -n auth get secrets"}}
	}
	there := map[string]*corev1.Secret{}
	for i := range list.Items {
		there[list.Items[i].Name] = &list.Items[i]
	}
	users := map[string][]string{}
	for _, r := range c.set.References() {
		if there[r.Secret] == nil && !slices.Contains(users[r.Secret], r.Workload) {
			users[r.Secret] = append(users[r.Secret], r.Workload)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(users)) {
		if !known.secrets[name] && !known.noController && !known.noKey {
			found = append(found, finding{fmt.Sprintf("%s needs the Secret %s, and the cluster has none", strings.Join(users[name], ", "), name),
				"kubectl apply -k " + c.sealed() + " && kubectl -n sealed-secrets rollout restart deployment/sealed-secrets"})
		}
		known.secrets[name] = true
	}
	for _, o := range c.set.OfKind("SealedSecret") {
		if s := there[o.Name]; s != nil && !known.secrets[o.Name] {
			if why := c.byHand(o, s); why != "" {
				known.secrets[o.Name] = true
				found = append(found, finding{fmt.Sprintf("the Secret %s is not what git has sealed: %s", o.Name, why),
					fmt.Sprintf("kubectl -n auth delete secret %s && go run ./cmd/platform sync --env %s", o.Name, c.env)})
			}
		}
	}
	return found
}

// byHand says how a Secret differs from what was sealed: by its values where the repository can open them, else
// by its keys, its owner and who wrote it.
func (c cluster) byHand(sealed manifest.Other, s *corev1.Secret) string {
	want, have := slices.Sorted(maps.Keys(encryptedData(sealed))), slices.Sorted(maps.Keys(s.Data))
	if !slices.Equal(want, have) {
		return fmt.Sprintf("it has the keys %s, and not %s", strings.Join(have, ", "), strings.Join(want, ", "))
	}
	if opened, err := c.open(sealed.Name); err == nil {
		for _, key := range want {
			if opened.Data[key] != string(s.Data[key]) {
				return "the value of " + key + " is another"
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
func (c cluster) open(name string) (sealing.Secret, error) {
	f, err := openFolder(c.dir, c.env)
	if err != nil {
		return sealing.Secret{}, err
	}
	return f.open(name)
}
