package secrets

import (
	"slices"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
)

// store is a StatefulSet that reads its users from a Secret.
type store struct {
	name  string
	users string // the Secret
	file  string // the key in it, and the name of the file
	// directory is where the Secret is mounted, and command makes the store read it.
	directory, command string
	pods               int
}

// storesOf are the stores that the overlay runs.
func storesOf(set *manifest.Set) (all []store) {
	for _, users := range []string{credential.AuthDBUsers, credential.SessionUsers} {
		s := storeOf(set, users)
		if slices.ContainsFunc(set.StatefulSets, func(w *manifest.StatefulSet) bool { return w.Name == s.name }) {
			all = append(all, s)
		}
	}
	return all
}

// storeOf is the store that reads its users from a Secret.
func storeOf(set *manifest.Set, users string) store {
	s := store{"session-db", users, "users.acl", "/etc/redis-users", `redis-cli -e --no-auth-warning --user reload --pass "$(cat /etc/redis-users/password)" acl load`, 1}
	if users == credential.AuthDBUsers {
		s = store{"auth-db", users, "users.sql", "/docker-entrypoint-initdb.d", "psql --quiet --username=postgres --dbname=auth --set=ON_ERROR_STOP=1 --file=/docker-entrypoint-initdb.d/users.sql", 1}
	}
	// The component redis-sentinel adds users of its own.
	for _, c := range set.ConfigMaps {
		if c.Data["users.sh"] != "" && s.name == "session-db" {
			s.command = "sh /etc/redis/users.sh && " + s.command
		}
	}
	for _, w := range set.StatefulSets {
		if w.Name == s.name && w.Spec.Replicas != nil {
			s.pods = int(*w.Spec.Replicas)
		}
	}
	return s
}
