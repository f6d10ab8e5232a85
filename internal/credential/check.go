package credential

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Check checks whether the programs that read a secret could use its values, so that a mistake is
// found before pods start. The name is without a version. Errors never hold a value.
func Check(name string, data map[string]string) error {
	if len(data) == 0 {
		return fmt.Errorf("%s holds no value", name)
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if err := checkValue(key, data[key]); err != nil {
			return fmt.Errorf("%s of %s: %w", key, name, err)
		}
	}
	for _, key := range keysOf(name) {
		if data[key] == "" {
			return fmt.Errorf("%s has no key %s", name, key)
		}
	}
	var err error
	switch name {
	case TokenKey, ServiceKey, SigningKey:
		err = checkRing(name, data["keys"])
	case AuthDB:
		err = checkRole(data["user"])
	case AuthDBService:
		err = checkRole(data["username"])
	case AuthDBUsers:
		_, err = loginsOf(data["users.sql"])
	case SessionUsers:
		if _, err = hashesOf(data["users.acl"]); err == nil && strings.ContainsAny(data["password"], `"'\#`) {
			err = errors.New("the password may not have quotes, # or a backslash: it is written into a file of Redis's settings")
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// keysOf are the keys that a secret must have; none for a secret of a component.
func keysOf(name string) []string {
	switch name {
	case AuthDB:
		return []string{"user", "password"}
	case AuthDBService:
		// The names of a Secret of the type basic-auth, which CloudNativePG reads.
		return []string{"username", "password"}
	case SessionDB, Verifier:
		return []string{"password"}
	case TokenKey, ServiceKey, SigningKey:
		return []string{"keys"}
	case AuthDBUsers:
		return []string{"users.sql", "version", "password"}
	case SessionUsers:
		return []string{"users.acl", "version", "password"}
	}
	return nil
}

func checkValue(key, value string) error {
	if value == "" {
		return errors.New("the value is empty")
	}
	switch key {
	case "users.sql", "users.acl": // These are files with many lines.
		return nil
	case "version":
		if n, err := strconv.Atoi(value); err != nil || n < 1 {
			return errors.New("it is not a number from 1 on")
		}
	case "password", "user", "username":
		if i := strings.IndexFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }); i >= 0 {
			return fmt.Errorf("character %d is a space, a control character or not of ASCII, which not every store and file of users can hold", i+1)
		}
	}
	if strings.TrimSpace(value) != value {
		return errors.New("it begins or ends with a space or a line break")
	}
	return nil
}

// Fit checks whether secrets fit each other: the stores' users must accept the passwords. values has
// secrets by name without a version. A check is left out if a secret that it needs is not among them.
func Fit(values Values) (found []error) {
	if acl := values[SessionUsers]["users.acl"]; acl != "" {
		users, err := hashesOf(acl)
		if err != nil {
			return []error{err}
		}
		for name, hashes := range map[string][]string{SessionDB: users.api, Verifier: users.verifier} {
			if password := values[name]["password"]; password != "" && !slices.Contains(hashes, sum(password)) {
				found = append(found, fmt.Errorf("the password in %s is not one that %s lets in", name, SessionUsers))
			}
		}
	}
	if sql := values[AuthDBUsers]["users.sql"]; sql != "" {
		logins, err := loginsOf(sql)
		if err != nil {
			return append(found, err)
		}
		for _, of := range []struct{ name, key, group string }{{AuthDB, "user", owner}, {AuthDBService, "username", service}} {
			user, password := values[of.name][of.key], values[of.name]["password"]
			if user != "" && !slices.ContainsFunc(membersOf(of.group, logins), func(l login) bool { return l.role == user && l.accepts(password) }) {
				found = append(found, fmt.Errorf("the user and the password in %s are not among those that %s lets in", of.name, AuthDBUsers))
			}
		}
	}
	if shareSecret(values[ServiceKey]["keys"], values[TokenKey]["keys"]) {
		found = append(found, fmt.Errorf("%s holds a secret of %s, which every API that verifies tokens knows", ServiceKey, TokenKey))
	}
	return found
}

// accepts says whether the verifier was made of this password.
func (l login) accepts(password string) bool {
	_, rest, _ := strings.Cut(l.verifier, ":")
	salt, _, _ := strings.Cut(strings.TrimPrefix(l.verifier, fmt.Sprintf("SCRAM-SHA-256$%d:", scramIterations)), "$")
	raw, err := base64.StdEncoding.DecodeString(salt)
	if err != nil || rest == "" {
		return false
	}
	again, err := scram(password, raw)
	return err == nil && subtle.ConstantTimeCompare([]byte(again), []byte(l.verifier)) == 1
}
