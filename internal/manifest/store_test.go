package manifest_test

import (
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/manifest"
)

// storeRules are about how Postgres and Redis run.
func storeRules() []rule {
	return []rule{
		{name: "Postgres has room for what it writes beside its data, and the time to stop", check: stops,
			old: "      - emptyDir:\n          medium: Memory", new: "      - emptyDir:\n          medium: \"\""},
		{name: "Redis keeps every token, on its disk too", check: keeps, old: "maxmemory-policy noeviction", new: "maxmemory-policy allkeys-lru"},
		{name: "Redis has room to rewrite its file", check: room, old: "maxmemory 192mb", new: "maxmemory 320mb"},
	}
}

// container returns the StatefulSet with a name, and its container.
func container(s *manifest.Set, name string) (*appsv1.StatefulSet, *corev1.Container) {
	for _, set := range s.StatefulSets {
		for i := range set.Spec.Template.Spec.Containers {
			if c := &set.Spec.Template.Spec.Containers[i]; c.Name == name {
				return set, c
			}
		}
	}
	return nil, nil
}

func stops(s *manifest.Set) (found []string) {
	set, c := container(s, "postgres")
	if c == nil {
		return nil // Something else runs the store.
	}
	pod := set.Spec.Template.Spec
	for _, path := range []string{"/var/run/postgresql", "/tmp", "/dev/shm"} {
		i := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == path })
		if i < 0 {
			found = append(found, path+" cannot be written")
			continue
		}
		j := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == c.VolumeMounts[i].Name })
		// A container's own /dev/shm is too small for parallel queries.
		if e := pod.Volumes[j].EmptyDir; e == nil || path == "/dev/shm" && (e.Medium != corev1.StorageMediumMemory || e.SizeLimit == nil) {
			found = append(found, path+" is no memory")
		}
	}
	// The image's own stop signal is the fast shutdown, which a shell would not pass on.
	if len(c.Command)+len(c.Args) > 0 || c.Lifecycle != nil || pod.TerminationGracePeriodSeconds == nil || *pod.TerminationGracePeriodSeconds < 120 {
		found = append(found, "it is not stopped as its image says")
	}
	return found
}

// redisSetting is the value of the last line of redis.conf with a setting's name.
func redisSetting(s *manifest.Set, name string) (value string) {
	for line := range strings.Lines(configOf(s, "session-db")["redis.conf"]) {
		if rest, found := strings.CutPrefix(strings.TrimSpace(line), name+" "); found {
			value = rest
		}
	}
	return value
}

func keeps(s *manifest.Set) (found []string) {
	if _, c := container(s, "redis"); c == nil {
		return nil
	}
	for name, want := range map[string]string{"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"} {
		if got := redisSetting(s, name); got != want {
			found = append(found, name+" "+got)
		}
	}
	return found
}

func room(s *manifest.Set) []string {
	_, c := container(s, "redis")
	if c == nil {
		return nil
	}
	megabytes, err := strconv.ParseInt(strings.TrimSuffix(redisSetting(s, "maxmemory"), "mb"), 10, 64)
	if limit := c.Resources.Limits.Memory().Value(); err != nil || megabytes<<20 > limit*2/3 {
		return []string{"maxmemory " + redisSetting(s, "maxmemory") + " of " + c.Resources.Limits.Memory().String()}
	}
	return nil
}
