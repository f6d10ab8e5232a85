package credential

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Step is a step of a rotation.
type Step int

// A rotation begins, and is finished when nobody needs the old value any more.
// Only a ring of keys has a step between.
const (
	Begin Step = iota
	Use
	Finish
)

// ErrUnfinished and ErrNotBegun mean that a step was taken out of order.
var (
	ErrUnfinished = errors.New("a rotation is under way: finish it first")
	ErrNotBegun   = errors.New("no rotation was begun")
)

// Change is the result of a step. Either field may be nil.
type Change struct {
	// Value is the new value of the secret, under a new name.
	Value map[string]string
	// Users is the new value of the secret with the store's users, under the same name.
	Users map[string]string
}

// Users is the name of the secret with the users of the store that a secret is for; empty
// if there is none.
func Users(name string) string {
	switch name {
	case AuthDB, AuthDBService, AuthDBUsers:
		return AuthDBUsers
	case SessionDB, Verifier, SessionUsers:
		return SessionUsers
	}
	return ""
}

// Rotate takes a step of a rotation. old has the store's users or, for a key ring, the
// ring. version is the version of the new value. A given value is used instead of a random
// one. Errors: ErrUnfinished, ErrNotBegun.
func Rotate(name string, step Step, version int, old map[string]string, given map[string]string, random io.Reader) (Change, error) {
	if step == Use && !IsRing(name) {
		return Change{}, fmt.Errorf("%s has no step between the first and the last", name)
	}
	if err := checkGiven(name, step, given); err != nil {
		return Change{}, err
	}
	switch name {
	case TokenKey, ServiceKey, SigningKey:
		ring, err := changeRing(name, old["keys"], step, given["keys"], random)
		return Change{Value: map[string]string{"keys": ring}}, err
	case AuthDB, AuthDBService, AuthDBUsers:
		return rotateAuthDB(name, step, version, old, given, random)
	case SessionDB, Verifier, SessionUsers:
		return rotateSessionDB(name, step, old, given, random)
	}
	return Change{}, fmt.Errorf("there is no secret %s to rotate; there are %s, %s, %s, %s, %s, %s, %s, and the users %s and %s", name, AuthDB, AuthDBService, SessionDB, Verifier, TokenKey, ServiceKey, SigningKey, AuthDBUsers, SessionUsers)
}

// checkGiven refuses given values that the step would ignore.
func checkGiven(name string, step Step, given map[string]string) error {
	if len(given) == 0 {
		return nil
	}
	if step == Finish || step == Use && !IsRing(name) {
		return fmt.Errorf("a value of %s is given at the first step of a rotation, not later", name)
	}
	if name == Users(name) {
		return fmt.Errorf("%s is made of the passwords that it knows, and takes no value", name)
	}
	for key, value := range given {
		if !slices.Contains(keysOf(name), key) {
			return fmt.Errorf("%s has no key %s; there are %s", name, key, strings.Join(keysOf(name), ", "))
		}
		if err := checkValue(key, value); err != nil {
			return fmt.Errorf("%s of %s: %w", key, name, err)
		}
	}
	return nil
}

// Anew makes a new value for a secret that has no users of a store.
func Anew(name string, version int, given map[string]string, random io.Reader) (map[string]string, error) {
	if err := checkGiven(name, Begin, given); err != nil {
		return nil, err
	}
	password, err := fresh(random)
	if err != nil {
		return nil, err
	}
	value := map[string]string{"password": password}
	switch name {
	case AuthDB:
		value["user"] = role(owner, version)
	case AuthDBService:
		value["username"] = role(service, version)
	}
	for key := range value {
		if given[key] != "" {
			value[key] = given[key]
		}
	}
	return value, nil
}

func rotateAuthDB(name string, step Step, version int, old, given map[string]string, random io.Reader) (Change, error) {
	logins, err := loginsOf(old["users.sql"])
	if err != nil {
		return Change{}, err
	}
	group, key := owner, "user"
	if name == AuthDBService {
		group, key = service, "username"
	}
	members := membersOf(group, logins)
	c := Change{}
	switch {
	case name == AuthDBUsers: // Write the same users as this version of the program does.
	case step == Begin && len(members) > 1:
		return Change{}, ErrUnfinished
	case step == Begin:
		if c.Value, err = Anew(name, version, given, random); err != nil {
			return Change{}, err
		}
		l, err := newLogin(group, c.Value[key], c.Value["password"], random)
		if err != nil {
			return Change{}, err
		}
		if slices.ContainsFunc(logins, func(other login) bool { return other.role == l.role }) {
			return Change{}, fmt.Errorf("the user %s is there already: a new password comes with a new user", l.role)
		}
		logins = append(logins, l)
	case len(members) < 2:
		return Change{}, ErrNotBegun
	default:
		newest := members[len(members)-1]
		logins = slices.DeleteFunc(logins, func(l login) bool { return l.group == group && l != newest })
	}
	c.Users = map[string]string{"users.sql": usersSQL(logins), "password": old["password"], "version": next(old)}
	return c, nil
}

func rotateSessionDB(name string, step Step, old, given map[string]string, random io.Reader) (Change, error) {
	users, err := hashesOf(old["users.acl"])
	if err != nil {
		return Change{}, err
	}
	hashes := &users.api
	if name == Verifier {
		hashes = &users.verifier
	}
	// The file may be older than the user reload, whose password Redis's pods have.
	if len(users.reload) == 0 && old["password"] != "" {
		users.reload = []string{sum(old["password"])}
	}
	c := Change{}
	switch {
	case name == SessionUsers: // Keep the passwords, with the permissions of this version of the program.
	case step == Begin && len(*hashes) > 1:
		return Change{}, ErrUnfinished
	case step == Begin:
		if c.Value, err = Anew(name, 0, given, random); err != nil {
			return Change{}, err
		}
		if slices.Contains(*hashes, sum(c.Value["password"])) {
			return Change{}, fmt.Errorf("the password that is given for %s is in use already", name)
		}
		*hashes = append(*hashes, sum(c.Value["password"]))
	case len(*hashes) == 1:
		return Change{}, ErrNotBegun
	default:
		*hashes = (*hashes)[len(*hashes)-1:]
	}
	c.Users = map[string]string{"users.acl": usersACL(users), "password": old["password"], "version": next(old)}
	return c, nil
}

// next is the number of the next change of a store's users. A rotation waits until the
// store's pod has this number.
func next(old map[string]string) string {
	n, _ := strconv.Atoi(old["version"])
	return strconv.Itoa(n + 1)
}
