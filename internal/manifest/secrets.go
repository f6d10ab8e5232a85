package manifest

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Reference is a key of a secret that a workload uses; an empty key means the whole secret.
type Reference struct{ Workload, Secret, Key string }

// References are all uses of secrets by pods.
func (s *Set) References() (all []Reference) {
	for _, w := range s.Workloads() {
		add := func(secret, key string) { all = append(all, Reference{w.Name, secret, key}) }
		for _, containers := range [][]corev1.Container{w.Pod.Spec.InitContainers, w.Pod.Spec.Containers} {
			for _, c := range containers {
				for _, e := range c.Env {
					if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
						add(e.ValueFrom.SecretKeyRef.Name, e.ValueFrom.SecretKeyRef.Key)
					}
				}
				for _, e := range c.EnvFrom {
					if e.SecretRef != nil {
						add(e.SecretRef.Name, "")
					}
				}
			}
		}
		for _, v := range w.Pod.Spec.Volumes {
			if v.Secret != nil {
				addItems(add, v.Secret.SecretName, v.Secret.Items)
			}
			if v.Projected == nil {
				continue
			}
			for _, source := range v.Projected.Sources {
				if source.Secret != nil {
					addItems(add, source.Secret.Name, source.Secret.Items)
				}
			}
		}
	}
	return all
}

func addItems(add func(secret, key string), secret string, items []corev1.KeyToPath) {
	if len(items) == 0 {
		add(secret, "")
	}
	for _, i := range items {
		add(secret, i.Key)
	}
}

// MissingSecrets are the secrets and keys that pods use, but that neither a SealedSecret of
// the set nor the operator of a Cluster provides: auth-api/auth-db-credentials.password.
func (s *Set) MissingSecrets() (missing []string) {
	given := s.sealedKeys()
	maps.Copy(given, s.OperatorSecrets())
	for _, r := range s.References() {
		if r.Key == "" && given[r.Secret] == nil {
			missing = append(missing, r.Workload+"/"+r.Secret)
		}
		if r.Key != "" && !slices.Contains(given[r.Secret], r.Key) {
			missing = append(missing, r.Workload+"/"+r.Secret+"."+r.Key)
		}
	}
	return missing
}

// sealedKeys are the keys of each SealedSecret.
func (s *Set) sealedKeys() map[string][]string {
	sealed := map[string][]string{}
	for _, o := range s.OfKind("SealedSecret") {
		spec, _ := o.Content["spec"].(map[string]any)
		data, _ := spec["encryptedData"].(map[string]any)
		sealed[o.Name] = append([]string{}, slices.Collect(maps.Keys(data))...)
	}
	return sealed
}

// OperatorSecrets are the secrets, with their keys, that CloudNativePG creates for a
// Cluster (its documentation, "Connecting from an application").
func (s *Set) OperatorSecrets() map[string][]string {
	made := map[string][]string{}
	for _, o := range s.OfKind("Cluster") {
		made[o.Name+"-app"] = []string{"username", "password"}
		made[o.Name+"-ca"] = []string{"ca.crt"}
	}
	return made
}
