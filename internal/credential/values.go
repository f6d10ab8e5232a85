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

// The secrets that the platform always needs.
const (
	// AuthDB is of the owner of the tables, AuthDBService of the user as which auth-api serves.
	AuthDB        = "auth-db-credentials"
	AuthDBService = "auth-db-service"
	AuthDBUsers   = "auth-db-users"
	SessionDB     = "session-db-credentials"
	Verifier      = "session-db-verifier"
	SessionUsers  = "session-db-users"
	TokenKey      = "session-db-token-key"
	// ServiceKey is the service ring, which only auth-api has. Verifiers have the token keys.
	ServiceKey = "auth-api-service-key"
	// SigningKey is the ring of keys that sign ID tokens, which only auth-api has.
	SigningKey = "auth-api-signing-key"
)

// Needed says whether the platform always has a secret of this name, even if a component removes all its readers.
func Needed(name string) bool { return keysOf(name) != nil }

// Values are secrets by name and key.
type Values map[string]map[string]string

// Tied are groups of secrets that have to be generated together: otherwise passwords and
// hashes would not match.
func Tied() [][]string {
	return [][]string{{AuthDB, AuthDBService, AuthDBUsers}, {SessionDB, Verifier, SessionUsers}}
}

// Secret makes a secret of values. It is immutable, unless a store reads it again while it
// runs.
func Secret(name string, data map[string]string) sealing.Secret {
	return sealing.Secret{Name: name, Data: data, Mutable: name == AuthDBUsers || name == SessionUsers}
}

// Fresh generates a random value for every secret that the platform needs, and for others
// by name and key, except for given values. A given value that is not needed is an error:
// otherwise a misspelt name would silently get a random value.
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
	// Given users must accept the passwords.
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
	user, password := choose(AuthDB, "user", role(owner, 1)), choose(AuthDB, "password", next())
	serving, secret := choose(AuthDBService, "username", role(service, 1)), choose(AuthDBService, "password", next())
	session, verifier := choose(SessionDB, "password", next()), choose(Verifier, "password", next())
	// Only Redis's pods have this password.
	among := choose(SessionUsers, "password", next())
	signing, err := freshSigningKey(random)
	if err != nil {
		return nil, err
	}
	made := Values{
		AuthDB:        {"user": user, "password": password},
		AuthDBService: {"username": serving, "password": secret},
		SessionDB:     {"password": session},
		Verifier:      {"password": verifier},
		SessionUsers:  {"users.acl": usersACL(redisUsers{api: []string{sum(session)}, verifier: []string{sum(verifier)}, reload: []string{sum(among)}}), "password": among, "version": "1"},
		TokenKey:      {"keys": "k1:" + next() + ":" + token.Keyed},
		ServiceKey:    {"keys": "s1:" + next()},
		SigningKey:    {"keys": "i1:" + signing},
		AuthDBUsers:   {"password": next(), "version": "1"},
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
	if user == serving {
		return nil, fmt.Errorf("%s and %s name the same user %s: auth-api does not serve as the owner of its tables", AuthDB, AuthDBService, user)
	}
	l, err := newLogin(owner, user, password, random)
	if err = errors.Join(failure, err); err != nil {
		return nil, err
	}
	s, err := newLogin(service, serving, secret, random)
	if err != nil {
		return nil, err
	}
	made[AuthDBUsers]["users.sql"] = usersSQL([]login{l, s})
	return made, nil
}

// fresh is a random value of 256 bits, in letters that need no quoting anywhere.
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
