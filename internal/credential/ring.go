package credential

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// ids are in the order of ASCII, so that a newer key has the greater id.
const ids = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// ringOf reads the entries id:secret of a ring of token keys.
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

// changeRing takes a step of a rotation. A key is known to everybody before the
// first token is made with it, and for as long as one of its tokens lives:
//
//	begin   k1      → k1,k2   every pod knows the new key
//	use     k1,k2   → k2,k1   new tokens are made with it
//	finish  k2,k1   → k2      when the longest session has ended
func changeRing(keys string, step Step, random io.Reader) (string, error) {
	ring, err := ringOf(keys)
	if err != nil {
		return "", err
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
		value, err := fresh(random)
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

// after gives the next id: k1, k2, … k9, kA, … kz, l0.
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
