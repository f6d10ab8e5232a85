package manifest

import corev1 "k8s.io/api/core/v1"

// MissingSecrets names what pods use of secrets and neither a SealedSecret of the
// set nor the operator of a Cluster gives: auth-api/auth-db-credentials.password.
func (s *Set) MissingSecrets() (missing []string) {
	sealed := s.sealedKeys()
	for _, w := range s.Workloads() {
		for _, containers := range [][]corev1.Container{w.Pod.Spec.InitContainers, w.Pod.Spec.Containers} {
			for _, c := range containers {
				for _, e := range c.EnvFrom {
					if e.SecretRef != nil && sealed[e.SecretRef.Name] == nil {
						missing = append(missing, w.Name+"/"+e.SecretRef.Name)
					}
				}
				for _, e := range c.Env {
					if e.ValueFrom == nil || e.ValueFrom.SecretKeyRef == nil {
						continue
					}
					if r := e.ValueFrom.SecretKeyRef; !sealed[r.Name][r.Key] {
						missing = append(missing, w.Name+"/"+r.Name+"."+r.Key)
					}
				}
			}
		}
		for _, v := range w.Pod.Spec.Volumes {
			if v.Secret != nil && sealed[v.Secret.SecretName] == nil {
				missing = append(missing, w.Name+"/"+v.Secret.SecretName)
			}
		}
	}
	return missing
}

// sealedKeys are the keys of each SealedSecret, and of what CloudNativePG makes
// for a Cluster (its documentation, "Connecting from an application").
func (s *Set) sealedKeys() map[string]map[string]bool {
	sealed := map[string]map[string]bool{}
	for _, o := range s.OfKind("SealedSecret") {
		spec, _ := o.Content["spec"].(map[string]any)
		data, _ := spec["encryptedData"].(map[string]any)
		sealed[o.Name] = map[string]bool{}
		for key := range data {
			sealed[o.Name][key] = true
		}
	}
	for _, o := range s.OfKind("Cluster") {
		sealed[o.Name+"-app"] = map[string]bool{"username": true, "password": true}
		sealed[o.Name+"-ca"] = map[string]bool{"ca.crt": true}
	}
	return sealed
}
