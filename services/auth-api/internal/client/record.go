package client

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// KeyPrefix begins the Redis key of every client's record; the id follows.
const KeyPrefix = "client:"

// Fields of a client's record, a Redis hash: the audience, the scopes of its API
// with spaces, the secrets' SHA-256 in base64url, the newest first, and the MAC, as
// the id of its service key, a point and base64url (see Sealer).
const (
	fieldAudience = "aud"
	fieldScopes   = "scope"
	fieldSecret   = "secret." // and 0, 1
	fieldMAC      = "mac"
)

// maxSecrets are live at once.
const maxSecrets = 2

var errRecord = errors.New("the client's record is not one of ours")

// Record is what Redis knows of a client that is enabled. The zero Record is
// that of no client.
type Record struct {
	Audience string
	Scopes   []string
	secrets  []secretHash
	// stale means that it was sealed with an older service key, and is to be written
	// anew before that one goes.
	stale bool
}

func (r Record) equal(o Record) bool {
	return r.stale == o.stale && r.Audience == o.Audience && slices.Equal(r.Scopes, o.Scopes) && slices.Equal(r.secrets, o.secrets)
}

func key(id uuid.UUID) string { return KeyPrefix + id.String() }

func (r Record) encode() []string {
	fields := []string{fieldAudience, r.Audience, fieldScopes, strings.Join(r.Scopes, " ")}
	for n, h := range r.secrets {
		fields = append(fields, fieldSecret+strconv.Itoa(n), base64.RawURLEncoding.EncodeToString(h[:]))
	}
	return fields
}

// decodeFields reads a record without looking at its MAC.
func decodeFields(fields map[string]string) (Record, error) {
	if len(fields) == 0 {
		return Record{}, nil
	}
	r := Record{Audience: fields[fieldAudience], Scopes: strings.Fields(fields[fieldScopes])}
	for n := range maxSecrets {
		text, found := fields[fieldSecret+strconv.Itoa(n)]
		if !found {
			break
		}
		hash, err := base64.RawURLEncoding.Strict().DecodeString(text)
		// The decoder skips line breaks, hence the length of the text.
		if err != nil || len(hash) != len(secretHash{}) || len(text) != base64.RawURLEncoding.EncodedLen(len(hash)) {
			return Record{}, errRecord
		}
		r.secrets = append(r.secrets, secretHash(hash))
	}
	if r.Audience == "" || len(r.secrets) == 0 {
		return Record{}, errRecord
	}
	return r, nil
}
