package credential

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"auth.books.test/verify/token"
)

// ids are sorted as in ASCII, so that a newer key has a greater id.
const ids = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// IsRing says whether a secret is a key ring.
func IsRing(name string) bool { return name == TokenKey || name == ServiceKey || name == SigningKey }

// checkRing checks whether a program could use a ring. Those of random keys have the same
// form, but only token keys may be marked as keyed.
func checkRing(name, keys string) error {
	if name == SigningKey {
		return checkSigningKeys(keys)
	}
	if _, err := token.ParseKeyRing(keys); err != nil {
		return err
	}
	if name == ServiceKey && strings.Count(keys, ":") > strings.Count(keys, ",")+1 {
		return fmt.Errorf("only keys of tokens are marked :%s, leave it out", token.Keyed)
	}
	return nil
}

// shareSecret says whether two rings have a secret in common.
func shareSecret(a, b string) bool {
	secret := func(entry string) string {
		parts := strings.Split(strings.TrimSpace(entry)+":", ":")
		return strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(parts[1])
	}
	for x := range strings.SplitSeq(a, ",") {
		for y := range strings.SplitSeq(b, ",") {
			if secret(x) != "" && secret(x) == secret(y) {
				return true
			}
		}
	}
	return false
}

// ringOf reads the entries id:secret or id:secret:keyed of a ring.
func ringOf(keys string) ([]string, error) {
	ring := strings.Split(keys, ",")
	for i, entry := range ring {
		ring[i] = strings.TrimSpace(entry)
		if id, secret, found := strings.Cut(ring[i], ":"); !found || len(id) != 2 || secret == "" {
			return nil, fmt.Errorf("key %d of the ring is not of the form id:secret, with an id of two characters", i+1)
		}
	}
	return ring, nil
}

// changeRing takes a step of a rotation. Every pod knows a key before anything is made with
// it, and for as long as anything made with it is valid:
//
//	begin   k1      → k1,k2   every pod knows the new key
//	use     k1,k2   → k2,k1   new tokens, or other values, are made with the new key
//	finish  k2,k1   → k2      after the longest session has ended
//
// A given ring is used instead of a random key, or of the one that --use puts first. It is sorted as the
// step needs it, so that a new key is not used before every pod knows it.
func changeRing(name, keys string, step Step, given string, random io.Reader) (string, error) {
	ring, err := ringOf(keys)
	if err != nil {
		return "", err
	}
	if given != "" {
		return changeRingTo(name, ring, step, given)
	}
	newest, last := ring[0], ring[len(ring)-1]
	for _, entry := range ring {
		newest = max(newest, entry)
	}
	switch {
	case step == Begin && len(ring) > 1:
		return "", ErrUnfinished
	case step == Begin:
		id, err := after(ring[0][:2])
		if err != nil {
			return "", err
		}
		make := fresh
		if name == SigningKey {
			make = freshSigningKey
		}
		value, err := make(random)
		if name == TokenKey {
			value += ":" + token.Keyed
		}
		return keys + "," + id + ":" + value, err
	case len(ring) == 1:
		return "", ErrNotBegun
	case step == Use && (last != newest || ring[0] == newest):
		return "", errors.New("the newest key is in use already: finish, when the longest session has ended")
	case step == Use:
		return strings.Join(append([]string{last}, ring[:len(ring)-1]...), ","), nil
	case ring[0] != newest:
		return "", errors.New("the newest key is not in use yet: take the step --use, or its tokens would be refused")
	default:
		return ring[0], nil
	}
}

// changeRingTo checks that a given ring may follow the one in use: it must keep every key, since tokens of a
// missing key would be refused, and no key may get another secret under the same id.
func changeRingTo(name string, ring []string, step Step, given string) (string, error) {
	if err := checkRing(name, given); err != nil {
		return "", fmt.Errorf("the ring that is given: %w", err)
	}
	chosen, err := ringOf(given)
	if err != nil {
		return "", err
	}
	var added []string
	for _, entry := range chosen {
		if !slices.Contains(ring, entry) {
			added = append(added, entry)
		}
	}
	for _, entry := range ring {
		if !slices.Contains(chosen, entry) {
			return "", fmt.Errorf("the ring that is given has not the key %s as it is now: its tokens would be refused. Keep every key of the ring in use, and add one", entry[:2])
		}
	}
	switch {
	case step == Begin && len(ring) > 1:
		return "", ErrUnfinished
	case step == Begin && len(added) != 1:
		return "", fmt.Errorf("the ring that is given adds %d keys to the one in use: add one", len(added))
	case step == Begin && added[0][:2] <= ring[0][:2]:
		return "", fmt.Errorf("the key %s that is given is to have an id after %s, in the order of digits, capitals, small letters: that tells which key is the newer", added[0][:2], ring[0][:2])
	case step == Begin:
		return strings.Join(append(ring, added...), ","), nil
	case len(added) > 0:
		return "", errors.New("--use puts a key first that every pod knows, and the ring that is given has another: begin with it")
	case chosen[0] == ring[0]:
		return "", fmt.Errorf("the ring that is given still begins with the key %s: put the new one first", ring[0][:2])
	}
	return strings.Join(chosen, ","), nil
}

// after returns the next id: k1, k2, … k9, kA, … kz, l0.
func after(id string) (string, error) {
	first, second := strings.IndexByte(ids, id[0]), strings.IndexByte(ids, id[1])
	if first < 0 || second < 0 {
		return "", fmt.Errorf("the id %q is not of letters and digits", id)
	}
	if second++; second == len(ids) {
		first, second = first+1, 0
	}
	if first == len(ids) {
		return "", fmt.Errorf("there is no id after %s", id)
	}
	return string([]byte{ids[first], ids[second]}), nil
}
