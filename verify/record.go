package verify

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Fields of a token's record, the Redis hash at token.Hash.Key. Other services
// may read them; the names are part of the contract. Ids are UUIDs as 22
// characters of base64url instead of 36, times are Unix seconds. When the person
// signed in is not there: the session's id, a UUIDv7, says it.
const (
	fieldSession   = "sid"
	fieldAccount   = "sub"
	fieldEmail     = "email"
	fieldName      = "name"
	fieldAudiences = "aud"
	fieldScopes    = "scope"
	fieldExpires   = "exp"
	fieldIdle      = "idle"
)

// maxField is the longest value Redis keeps in its compact form
// (hash-max-listpack-value, 64 bytes). One longer value makes the whole record
// two and a half times as big, so a long one is written in parts: email,
// email.1, email.2, …
const maxField = 64

var errRecord = errors.New("the token's record is not one of ours")

// EncodeRecord gives the fields and values of the identity's record, for HSET.
// Empty values are left out.
func EncodeRecord(i Identity) []string {
	fields := []string{
		fieldSession, encodeID(i.SessionID),
		fieldAccount, encodeID(i.AccountID),
		fieldExpires, unix(i.ExpiresAt),
		fieldIdle, unix(i.IdleExpiresAt),
	}
	fields = appendParts(fields, fieldEmail, i.Email)
	fields = appendParts(fields, fieldName, i.Name)
	fields = appendParts(fields, fieldAudiences, strings.Join(i.Audiences, " "))
	return appendParts(fields, fieldScopes, strings.Join(i.Scopes, " "))
}

// IdleField gives the field and value that move the idle end of a record.
func IdleField(idleExpiresAt time.Time) (field, value string) {
	return fieldIdle, unix(idleExpiresAt)
}

// staleParts is how many parts more an older value may have had. Of a longer one the
// rest stays and is not read: a value ends at the first part that is missing.
const staleParts = 16

// StaleFields are the fields that an older record of the same token may have after
// the last part of each value that EncodeRecord writes. They must be deleted when a
// record is written over another.
func StaleFields(i Identity) (stale []string) {
	for name, value := range map[string]string{
		fieldEmail: i.Email, fieldName: i.Name, fieldAudiences: strings.Join(i.Audiences, " "), fieldScopes: strings.Join(i.Scopes, " "),
	} {
		written := len(appendParts(nil, name, value)) / 2
		for n := range staleParts {
			stale = append(stale, part(name, written+n))
		}
	}
	return stale
}

// WiderFields are the fields of a record that must go if it allows a scope or an API
// that the identity does not; none if it allows no more.
func WiderFields(fields map[string]string, i Identity) (wider []string) {
	for name, allowed := range map[string][]string{fieldAudiences: i.Audiences, fieldScopes: i.Scopes} {
		if slices.ContainsFunc(strings.Fields(joinParts(fields, name)), func(word string) bool { return !slices.Contains(allowed, word) }) {
			for n := 0; fields[part(name, n)] != ""; n++ {
				wider = append(wider, part(name, n))
			}
		}
	}
	return wider
}

// decodeRecord is the reverse of EncodeRecord. A record that lacks a field or
// holds another thing than a time is refused: better no answer than a guess.
func decodeRecord(fields map[string]string, shared *lists) (Identity, error) {
	session, err := decodeID(fields[fieldSession])
	if err != nil || session.Version() != 7 {
		return Identity{}, errRecord
	}
	account, err := decodeID(fields[fieldAccount])
	if err != nil {
		return Identity{}, errRecord
	}
	i := Identity{
		SessionID: session.String(),
		AccountID: account.String(),
		IssuedAt:  time.Unix(session.Time().UnixTime()).UTC().Truncate(time.Second),
		Email:     joinParts(fields, fieldEmail),
		Name:      joinParts(fields, fieldName),
		Audiences: shared.of(joinParts(fields, fieldAudiences)),
		Scopes:    shared.of(joinParts(fields, fieldScopes)),
	}
	if i.Email == "" {
		return Identity{}, errRecord
	}
	if i.ExpiresAt, err = parseUnix(fields[fieldExpires]); err != nil {
		return Identity{}, err
	}
	if i.IdleExpiresAt, err = parseUnix(fields[fieldIdle]); err != nil {
		return Identity{}, err
	}
	return i, nil
}

// IsRecord says whether a Redis hash is surely a token's record, and not of another
// program that uses the same database: everything in it must be readable.
func IsRecord(fields map[string]string) bool {
	_, err := decodeRecord(fields, newLists())
	return err == nil
}

// encodeID writes what is no UUID as it is; decodeID refuses it.
func encodeID(id string) string {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return id
	}
	return base64.RawURLEncoding.EncodeToString(parsed[:])
}

// decodeID takes the one spelling that encodeID writes.
func decodeID(s string) (id uuid.UUID, err error) {
	if len(s) != base64.RawURLEncoding.EncodedLen(len(id)) {
		return uuid.Nil, errRecord
	}
	// The decoder skips line breaks, so fewer bytes than expected may come out.
	n, err := base64.RawURLEncoding.Strict().Decode(id[:], []byte(s))
	if err != nil || n != len(id) {
		return uuid.Nil, errRecord
	}
	return id, nil
}

func appendParts(fields []string, name, value string) []string {
	for n := 0; value != ""; n++ {
		end := cut(value)
		fields = append(fields, part(name, n), value[:end])
		value = value[end:]
	}
	return fields
}

// cut says where the first part of a value ends: not inside a character, which
// would show as garbage in redis-cli. Bytes that are no character are cut anywhere.
func cut(value string) int {
	if len(value) <= maxField {
		return len(value)
	}
	for end := maxField; end > maxField-utf8.UTFMax; end-- {
		if utf8.RuneStart(value[end]) {
			return end
		}
	}
	return maxField
}

func joinParts(fields map[string]string, name string) string {
	value := fields[name]
	if len(value) <= maxField-utf8.UTFMax {
		return value // it was not cut, see appendParts
	}
	for n := 1; ; n++ {
		next, found := fields[part(name, n)]
		if !found {
			return value
		}
		value += next
	}
}

func part(name string, n int) string {
	if n == 0 {
		return name
	}
	return name + "." + strconv.Itoa(n)
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func parseUnix(s string) (time.Time, error) {
	seconds, err := strconv.ParseInt(s, 10, 64)
	// One spelling only: neither +5 nor 05.
	if err != nil || s[0] == '+' || len(s) > 1 && s[0] == '0' {
		return time.Time{}, errRecord
	}
	return time.Unix(seconds, 0).UTC(), nil
}
