package credential

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"auth.books.test/internal/sealing"
	"auth.books.test/verify/token"
)

// Namespace is where the platform lives in every environment.
const Namespace = "auth"

// The secrets that the platform always needs.
const (
	AuthDB       = "auth-db-credentials"
	AuthDBUsers  = "auth-db-users"
	SessionDB    = "session-db-credentials"
	Verifier     = "session-db-verifier"
	SessionUsers = "session-db-users"
	TokenKey     = "session-db-token-key"
	// ServiceKey is of auth-api alone. Verifiers hold the token keys, and never this one.
	ServiceKey = "auth-api-service-key"
)

// Needed says whether the platform always has a secret of this name, even where a component leaves nobody to read it.
func Needed(name string) bool { return keysOf(name) != nil }

// Values are secrets by name and key.
type Values map[string]map[string]string

// Tied are the secrets that fit only each other: of a part of them made anew,
// passwords and hashes would differ.
func Tied() [][]string {
	return [][]string{{AuthDB, AuthDBUsers}, {SessionDB, Verifier, SessionUsers}}
}

// Secret gives values a name. What a store reads again while it runs is mutable.
func Secret(name string, data map[string]string) sealing.Secret {
	return sealing.Secret{Namespace: Namespace, Name: name, Data: data, Mutable: name == AuthDBUsers || name == SessionUsers}
}

// Fresh makes a random value for every secret that the platform needs, and for
// others by name and key, but for those that are given. What is given and is not
// needed is an error: a misspelt name would otherwise leave a random value where
// a chosen one was meant.
func Fresh(given Values, others map[string][]string, random io.Reader) ([]sealing.Secret, error) {
	generated, err := generate(given, others, random)
	if err != nil {
		return nil, err
	}
	for name, data := range given {
		for key := range data {
			if _, known := generated[name][key]; !known {
				return nil, fmt.Errorf("no secret %s with the key %s is needed; there are %s", name, key, describe(generated))
			}
			if data[key] == "" {
				return nil, fmt.Errorf("the value of %s in %s is empty", key, name)
			}
			generated[name][key] = data[key]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(generated)) {
		if err := Check(name, generated[name]); err != nil {
			return nil, err
		}
	}
	// Users that were given must know the passwords.
	if err := errors.Join(Fit(generated)...); err != nil {
		return nil, err
	}
	var out []sealing.Secret
	for _, name := range slices.Sorted(maps.Keys(generated)) {
		out = append(out, Secret(name, generated[name]))
	}
	return out, nil
}

func generate(given Values, others map[string][]string, random io.Reader) (Values, error) {
	var failure error
	next := func() string {
		value, err := fresh(random)
		failure = errors.Join(failure, err)
		return value
	}
	choose := func(name, key, otherwise string) string {
		if chosen := given[name][key]; chosen != "" {
			return chosen
		}
		return otherwise
	}
	user, password := choose(AuthDB, "user", role(1)), choose(AuthDB, "password", next())
	session, verifier := choose(SessionDB, "password", next()), choose(Verifier, "password", next())
	// Redis's pods know it, and nobody else does.
	among := choose(SessionUsers, "password", next())
	made := Values{
		AuthDB:       {"user": user, "password": password},
		SessionDB:    {"password": session},
		Verifier:     {"password": verifier},
		SessionUsers: {"users.acl": usersACL(redisUsers{api: []string{sum(session)}, verifier: []string{sum(verifier)}, reload: []string{sum(among)}}), "password": among, "version": "1"},
		TokenKey:     {"keys": "k1:" + next() + ":" + token.Keyed},
		ServiceKey:   {"keys": "s1:" + next()},
		AuthDBUsers:  {"password": next(), "version": "1"},
	}
	for name, keys := range others {
		if made[name] != nil {
			continue
		}
		made[name] = map[string]string{}
		for _, key := range keys {
			made[name][key] = next()
		}
	}
	l, err := newLogin(user, password, random)
	if err = errors.Join(failure, err); err != nil {
		return nil, err
	}
	made[AuthDBUsers]["users.sql"] = usersSQL([]login{l})
	return made, nil
}

// fresh is 256 bits in letters that need no quoting anywhere.
func fresh(random io.Reader) (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func describe(v Values) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		for _, key := range slices.Sorted(maps.Keys(v[name])) {
			all = append(all, name+"."+key)
		}
	}
	return strings.Join(all, ", ")
}
