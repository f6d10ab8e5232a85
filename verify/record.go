package verify

import (
	"encoding/base64"
	"errors"
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

// encodeID writes what is no UUID as it is; decodeID refuses it.
func encodeID(id string) string {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return id
	}
	return base64.RawURLEncoding.EncodeToString(parsed[:])
}

func decodeID(s string) (id uuid.UUID, err error) {
	if base64.RawURLEncoding.DecodedLen(len(s)) != len(id) {
		return uuid.Nil, errRecord
	}
	if _, err := base64.RawURLEncoding.Decode(id[:], []byte(s)); err != nil {
		return uuid.Nil, errRecord
	}
	return id, nil
}

func appendParts(fields []string, name, value string) []string {
	for n := 0; value != ""; n++ {
		end := min(len(value), maxField)
		// A cut inside a character would show as garbage in redis-cli.
		for end < len(value) && !utf8.RuneStart(value[end]) {
			end--
		}
		fields = append(fields, part(name, n), value[:end])
		value = value[end:]
	}
	return fields
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
	if err != nil {
		return time.Time{}, errRecord
	}
	return time.Unix(seconds, 0).UTC(), nil
}
