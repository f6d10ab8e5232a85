package manifest_test

import (
	"fmt"
	"strings"

	"auth.books.test/internal/manifest"
)

func storageRules() []rule {
	minikube, gke := []string{"minikube"}, []string{"gke"}
	return []rule{
		{name: "claims say their size, mode and class, and outlive their owner", check: func(s *manifest.Set) (found []string) {
			classes := map[string]bool{}
			for _, c := range s.StorageClasses {
				classes[c.Name] = true
			}
			for _, set := range s.StatefulSets {
				keep := set.Spec.PersistentVolumeClaimRetentionPolicy
				if keep == nil || keep.WhenDeleted != "Retain" || keep.WhenScaled != "Retain" {
					found = append(found, set.Name+" does not keep its claims")
				}
				for _, claim := range set.Spec.VolumeClaimTemplates {
					if len(claim.Spec.AccessModes) != 1 || claim.Spec.Resources.Requests.Storage().IsZero() || claim.Spec.StorageClassName == nil || !classes[*claim.Spec.StorageClassName] {
						found = append(found, set.Name+": "+claim.Name)
					}
				}
			}
			return found
		}, old: "    spec:\n      accessModes:\n      - ReadWriteOnce\n      resources", new: "    spec:\n      resources"},
		{name: "classes keep the volume", check: func(s *manifest.Set) (found []string) {
			for _, c := range s.StorageClasses {
				if c.ReclaimPolicy == nil || *c.ReclaimPolicy != "Retain" {
					found = append(found, c.Name)
				}
			}
			return found
		}, old: "reclaimPolicy: Retain", new: "reclaimPolicy: Delete"},
		{name: "each claim has a volume that is reserved for it", on: minikube, check: reserved, old: "    name: data-auth-db-0", new: "    name: data-auth-db-1"},
		{name: "no volume is made beside the one that is reserved", on: minikube, check: func(s *manifest.Set) (found []string) {
			for _, c := range s.StorageClasses {
				if c.Provisioner != "kubernetes.io/no-provisioner" {
					found = append(found, c.Name)
				}
			}
			return found
		}, old: "provisioner: kubernetes.io/no-provisioner", new: "provisioner: k8s.io/minikube-hostpath"},
		{name: "`tilt down` leaves volumes alone", on: minikube, check: func(s *manifest.Set) (found []string) {
			for _, v := range s.Volumes {
				if v.Annotations["tilt.dev/down-policy"] != "keep" {
					found = append(found, v.Name)
				}
			}
			for _, c := range s.StorageClasses {
				if c.Annotations["tilt.dev/down-policy"] != "keep" {
					found = append(found, "the class "+c.Name)
				}
			}
			return found
		}, old: "kind: PersistentVolume\nmetadata:\n  annotations:\n    tilt.dev/down-policy: keep", new: "kind: PersistentVolume\nmetadata:\n  annotations:\n    tilt.dev/down-policy: delete"},
		{name: "disks are made where the pod is, and can grow", on: gke, check: func(s *manifest.Set) (found []string) {
			for _, c := range s.StorageClasses {
				if c.VolumeBindingMode == nil || *c.VolumeBindingMode != "WaitForFirstConsumer" || c.AllowVolumeExpansion == nil || !*c.AllowVolumeExpansion || c.Provisioner != "pd.csi.storage.gke.io" {
					found = append(found, c.Name)
				}
			}
			return found
		}, old: "WaitForFirstConsumer", new: "Immediate"},
		{name: "a disk is handed over once, and not at every start", check: func(s *manifest.Set) (found []string) {
			for _, set := range s.StatefulSets {
				c := set.Spec.Template.Spec.SecurityContext
				if len(set.Spec.VolumeClaimTemplates) > 0 && (c == nil || c.FSGroup == nil || *c.FSGroup != *c.RunAsGroup || c.FSGroupChangePolicy == nil || *c.FSGroupChangePolicy != "OnRootMismatch") {
					found = append(found, set.Name)
				}
			}
			return found
		}, old: "fsGroupChangePolicy: OnRootMismatch", new: "fsGroupChangePolicy: Always"},
		{name: "no pod touches the node's folders", check: func(s *manifest.Set) (found []string) {
			for _, w := range s.Workloads() {
				for _, v := range w.Pod.Spec.Volumes {
					if v.HostPath != nil {
						found = append(found, w.Name+": "+v.Name)
					}
				}
			}
			return found
		}, old: "      - emptyDir: {}\n        name: run", new: "      - hostPath: {path: /run}\n        name: run"},
	}
}

// reserved compares claims with the volumes that are reserved for them.
func reserved(s *manifest.Set) (found []string) {
	for _, set := range s.StatefulSets {
		for _, claim := range set.Spec.VolumeClaimTemplates {
			name := fmt.Sprintf("%s-%s-0", claim.Name, set.Name)
			fits := false
			for _, v := range s.Volumes {
				r := v.Spec.ClaimRef
				size := v.Spec.Capacity.Storage()
				fits = fits || r != nil && r.Name == name && r.Namespace == set.Namespace && r.UID == "" && v.Spec.StorageClassName == *claim.Spec.StorageClassName &&
					size.Cmp(*claim.Spec.Resources.Requests.Storage()) >= 0 && v.Spec.PersistentVolumeReclaimPolicy == "Retain" && v.Spec.HostPath != nil && strings.HasPrefix(v.Spec.HostPath.Path, "/data/")
			}
			if !fits {
				found = append(found, name)
			}
		}
	}
	return found
}
