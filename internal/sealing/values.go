package sealing

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Namespace is where the platform lives in every environment.
const Namespace = "auth"

// Values are secrets by name and key.
type Values map[string]map[string]string

// Fresh makes a random value for every secret that the platform needs, but for
// those that are given. What is given and is not needed is an error: a misspelt
// name would otherwise leave a random value where a chosen one was meant.
func Fresh(given Values, random io.Reader) ([]Secret, error) {
	generated, err := generate(given, random)
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
	var out []Secret
	for _, name := range slices.Sorted(maps.Keys(generated)) {
		out = append(out, Secret{Namespace: Namespace, Name: name, Data: generated[name]})
	}
	return out, nil
}

func generate(given Values, random io.Reader) (Values, error) {
	next := func() (string, error) {
		b := make([]byte, 32)
		if _, err := io.ReadFull(random, b); err != nil {
			return "", fmt.Errorf("read randomness: %w", err)
		}
		return base64.RawURLEncoding.EncodeToString(b), nil
	}
	var made [4]string
	for i := range made {
		var err error
		if made[i], err = next(); err != nil {
			return nil, err
		}
	}
	session := made[1]
	if chosen := given["session-db-credentials"]["password"]; chosen != "" {
		session = chosen
	}
	verifier := made[2]
	if chosen := given["session-db-verifier"]["password"]; chosen != "" {
		verifier = chosen
	}
	return Values{
		"auth-db-credentials":    {"user": "auth", "password": made[0]},
		"session-db-credentials": {"password": session},
		"session-db-verifier":    {"password": verifier},
		"session-db-users":       {"users.acl": users(session, verifier)},
		"session-db-token-key":   {"keys": "k1:" + made[3]},
	}, nil
}

// users is Redis's ACL file (redis.io, "ACL"): the passwords' hashes only.
//
//   - default may do everything and cannot sign in. It is also whom Redis loads
//     the append-only file as: without rights every transaction in it would be
//     refused at a restart, and its tokens would be lost;
//   - auth-api writes tokens' and clients' records, and no key but those;
//   - verifier reads tokens' records: for APIs that verify tokens themselves;
//   - probe asks whether Redis answers.
func users(session, verifier string) string {
	hash := func(password string) string {
		sum := sha256.Sum256([]byte(password))
		return hex.EncodeToString(sum[:])
	}
	return strings.Join([]string{
		"user default off ~* &* +@all",
		"user auth-api on #" + hash(session) + " ~session:* ~client:* resetchannels -@all +@read +@write +@connection +@transaction +@scripting -@dangerous",
		"user verifier on #" + hash(verifier) + " %R~session:* resetchannels -@all +@read +@connection -@dangerous",
		"user probe on nopass resetkeys resetchannels -@all +ping",
	}, "\n") + "\n"
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
