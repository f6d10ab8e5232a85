package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/manifest"
)

// Overlay looks at somebody's own overlay on top of one of the repository's. kustomize
// renders all of what it finds without an error, and a cluster would not run it.
func Overlay(dir string) (found []Finding) {
	out, err := manifest.Render(dir)
	if err != nil {
		return []Finding{{cluster.OneLine(err), "kubectl kustomize " + dir}}
	}
	set, err := manifest.Parse(out)
	if err != nil {
		return []Finding{{cluster.OneLine(err), "kubectl kustomize " + dir}}
	}
	found = append(found, renamedSecrets(set)...)
	for _, missing := range set.MissingSecrets() {
		found = append(found, Finding{missing + " is used, and no SealedSecret of this name is there", "leave namePrefix and nameSuffix out: " + instead})
	}
	found = append(found, unknownHosts(set)...)
	found = append(found, unclaimedVolumes(set)...)
	return append(found, idleImages(dir, set)...)
}

// instead is the way to a second environment.
const instead = "go run ./cmd/platform new-environment NAME makes an environment for a cluster of its own"

// renamedSecrets finds sealed secrets under another name or namespace than they were sealed
// for.
func renamedSecrets(set *manifest.Set) (found []Finding) {
	renamed := map[string][]string{}
	for _, o := range set.OfKind("SealedSecret") {
		spec, _ := o.Content["spec"].(map[string]any)
		template, _ := spec["template"].(map[string]any)
		metadata, _ := template["metadata"].(map[string]any)
		name, _ := metadata["name"].(string)
		namespace, _ := metadata["namespace"].(string)
		if name == o.Name && namespace == o.Namespace {
			continue
		}
		from, to := namespace, o.Namespace
		if from == to {
			from, to = namespace+"/"+name, o.Namespace+"/"+o.Name
		}
		renamed[from+" "+to] = append(renamed[from+" "+to], o.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(renamed)) {
		from, to, _ := strings.Cut(key, " ")
		found = append(found, Finding{
			fmt.Sprintf("%s: sealed for %s, they do not open as %s", strings.Join(renamed[key], ", "), from, to),
			"leave namespace, namePrefix and nameSuffix out: " + instead,
		})
	}
	return found
}

// unknownHosts finds settings that name a Service which is not there.
func unknownHosts(set *manifest.Set) (found []Finding) {
	for _, config := range set.ConfigMaps {
		for _, key := range slices.Sorted(maps.Keys(config.Data)) {
			if !strings.HasSuffix(key, "_HOST") {
				continue
			}
			for host := range strings.SplitSeq(config.Data[key], ",") {
				host, _, _ = strings.Cut(host, ":")
				// A name with dots leads out of the namespace.
				if host == "" || strings.Contains(host, ".") || net.ParseIP(host) != nil || isService(set, host) {
					continue
				}
				found = append(found, Finding{
					fmt.Sprintf("%s: %s is %s, and there is no such Service", config.Name, key, host),
					"kustomize renames Services and not the settings that name them: set " + key + " in a configMapGenerator with behavior: merge, or leave namePrefix and nameSuffix out",
				})
			}
		}
	}
	return found
}

func isService(set *manifest.Set, name string) bool {
	if slices.ContainsFunc(set.Services, func(s *corev1.Service) bool { return s.Name == name }) {
		return true
	}
	// Its operator makes Services of a Cluster.
	return slices.ContainsFunc(set.OfKind("Cluster"), func(o manifest.Other) bool { return strings.HasPrefix(name, o.Name+"-") })
}

// unclaimedVolumes finds volumes for claims that no StatefulSet makes.
func unclaimedVolumes(set *manifest.Set) (found []Finding) {
	claims := map[string]bool{}
	for _, s := range set.StatefulSets {
		replicas := int32(1)
		if s.Spec.Replicas != nil {
			replicas = *s.Spec.Replicas
		}
		for _, claim := range s.Spec.VolumeClaimTemplates {
			for n := range replicas {
				claims[fmt.Sprintf("%s/%s-%s-%d", s.Namespace, claim.Name, s.Name, n)] = true
			}
		}
	}
	for _, v := range set.Volumes {
		if r := v.Spec.ClaimRef; r != nil && !claims[r.Namespace+"/"+r.Name] {
			found = append(found, Finding{
				fmt.Sprintf("the volume %s is for the claim %s/%s, which no StatefulSet makes", v.Name, r.Namespace, r.Name),
				"patch its spec.claimRef, or leave namespace, namePrefix and nameSuffix out",
			})
		}
	}
	return found
}

// idleImages finds entries of images that changed nothing. kustomize looks for the whole
// name of an image, as the overlay below has it.
func idleImages(dir string, set *manifest.Set) (found []Finding) {
	text, err := os.ReadFile(filepath.Join(dir, "kustomization.yaml"))
	if err != nil {
		return []Finding{{cluster.OneLine(err), "name the folder of a kustomization.yaml"}}
	}
	var kustomization struct {
		Images []struct{ Name, NewName, NewTag string }
	}
	if err := yaml.Unmarshal(text, &kustomization); err != nil {
		return []Finding{{cluster.OneLine(err), "kubectl kustomize " + dir}}
	}
	var runs []string
	for _, w := range set.Workloads() {
		for _, c := range slices.Concat(w.Pod.Spec.InitContainers, w.Pod.Spec.Containers) {
			runs = append(runs, c.Image)
		}
	}
	slices.Sort(runs)
	runs = slices.Compact(runs)
	for _, i := range kustomization.Images {
		wanted := cmp.Or(i.NewName, i.Name)
		if !slices.ContainsFunc(runs, func(image string) bool {
			rest, found := strings.CutPrefix(image, wanted)
			return found && (rest == "" || strings.HasPrefix(rest, ":"+i.NewTag) || rest[0] == '@')
		}) {
			found = append(found, Finding{
				fmt.Sprintf("images: no image is called %s, so that this entry changes nothing", i.Name),
				"write the name as the overlay below has it, one of " + strings.Join(runs, ", "),
			})
		}
	}
	return found
}
