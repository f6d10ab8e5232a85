package client

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// KeyPrefix begins the Redis key of every client's record. The client's id follows.
const KeyPrefix = "client:"

// Fields of a client's record, which is a Redis hash: the audience; the scopes of its API,
// separated by spaces; the SHA-256 of each secret in base64url, newest first; and the MAC,
// as the id of its service key, a point and base64url (see Sealer).
const (
	fieldAudience = "aud"
	fieldScopes   = "scope"
	fieldSecret   = "secret." // followed by 0 or 1
	fieldMAC      = "mac"
)

// maxSecrets is how many secrets of a client may be valid at once.
const maxSecrets = 2

var errRecord = errors.New("the client's record is damaged, or was written by another program")

// Record is what Redis holds of an enabled client. The zero Record stands for no client.
type Record struct {
	Audience string
	Scopes   []string
	secrets  []secretHash
	// stale means that the record was sealed with an older service key, and has to be
	// rewritten before that key is removed.
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

// decodeFields reads a record without checking its MAC.
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
		// The decoder skips line breaks, so check the length of the text as well.
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
