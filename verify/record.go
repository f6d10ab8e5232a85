package verify

import (
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"auth.books.test/verify/token"
)

// A token's record is the Redis string at token.Hash.Key:
//
//	version   1 byte, recordVersion
//	key id    2 characters: the ring key whose derived key made the MAC
//	fields    each a tag of 1 byte, the value's length as a varint, and the value;
//	          in ascending order of their tags, each at most once
//	MAC       16 bytes, see token.KeyRing.RecordMAC; its body is key id and fields
//
// Ids are the 16 bytes of a UUID. Times are Unix seconds, big-endian without leading
// zeros. Lists are words separated by single spaces. Empty values are left out. A
// reader skips tags that it does not know; the MAC covers them. Other services and
// other languages read records: a tag never changes its meaning, and what a reader
// must not skip needs another version. testdata/records.json has vectors.
const recordVersion = 1

type recordTag byte

// The closed set of tags of this version. Tags 4, 9 to 11 and 14 are kept for the
// client, the time of issue, when and how the person was authenticated, and the actor.
const (
	tagKind      recordTag = 1
	tagSubject   recordTag = 2
	tagSession   recordTag = 3
	tagEmail     recordTag = 5
	tagName      recordTag = 6
	tagAudiences recordTag = 7
	tagScopes    recordTag = 8
	tagExpires   recordTag = 12
	tagIdle      recordTag = 13
)

// kindAccount says that the subject is an account.
const kindAccount = "\x01"

const (
	recordHead = 1 + 2 // version and key id
	minRecord  = recordHead + token.RecordMACSize
	maxTime    = 5 // bytes: until the year 36,812
)

// ErrRecord means that a key holds no record of this version that the ring's keys
// vouch for. The token may be alive.
var ErrRecord = errors.New("the token's record is not one of ours")

// EncodeRecord gives the record of the identity's token, identity.Hash, under the
// ring's first key.
func EncodeRecord(ring *token.KeyRing, i Identity) ([]byte, error) {
	session, err := uuid.Parse(i.SessionID)
	if err != nil {
		return nil, fmt.Errorf("encode a record: the session's id: %w", err)
	}
	account, err := uuid.Parse(i.AccountID)
	if err != nil {
		return nil, fmt.Errorf("encode a record: the account's id: %w", err)
	}
	b := make([]byte, 0, 192)
	b = append(b, recordVersion)
	b = append(b, ring.SigningKeyID()...)
	b = appendField(b, tagKind, kindAccount)
	b = appendField(b, tagSubject, string(account[:]))
	b = appendField(b, tagSession, string(session[:]))
	b = appendField(b, tagEmail, i.Email)
	b = appendField(b, tagName, i.Name)
	b = appendField(b, tagAudiences, strings.Join(i.Audiences, " "))
	b = appendField(b, tagScopes, strings.Join(i.Scopes, " "))
	for _, end := range []struct {
		tag recordTag
		at  time.Time
	}{{tagExpires, i.ExpiresAt}, {tagIdle, i.IdleExpiresAt}} {
		if end.at.Unix() <= 0 {
			return nil, errors.New("encode a record: a token cannot end before 1970")
		}
		b = appendField(b, end.tag, encodeTime(end.at))
	}
	mac, err := ring.RecordMAC(ring.SigningKeyID(), recordVersion, i.Hash, b[1:])
	if err != nil {
		return nil, fmt.Errorf("encode a record: %w", err)
	}
	return append(b, mac[:]...), nil
}

// DecodeRecord is the reverse of EncodeRecord for the token of that hash. Better no
// answer than a guess: whatever is not exactly a record is refused. Error: ErrRecord.
func DecodeRecord(ring *token.KeyRing, h token.Hash, record string) (Identity, error) {
	return decodeRecord(ring, h, record, newLists())
}

func decodeRecord(ring *token.KeyRing, h token.Hash, record string, shared *lists) (Identity, error) {
	if len(record) < minRecord {
		return Identity{}, fmt.Errorf("%w: too short", ErrRecord)
	}
	if record[0] != recordVersion {
		return Identity{}, fmt.Errorf("%w: of version %d", ErrRecord, record[0])
	}
	end := len(record) - token.RecordMACSize
	mac, err := ring.RecordMAC(record[1:recordHead], recordVersion, h, []byte(record[1:end]))
	if err != nil {
		return Identity{}, fmt.Errorf("%w: sealed with an unknown key", ErrRecord)
	}
	if !hmac.Equal(mac[:], []byte(record[end:])) {
		return Identity{}, fmt.Errorf("%w: its MAC is wrong", ErrRecord)
	}
	i := Identity{Hash: h}
	if err := i.readFields(record[recordHead:end], shared); err != nil {
		return Identity{}, err
	}
	return i, nil
}

// readFields fills the identity from a record's fields.
func (i *Identity) readFields(fields string, shared *lists) error {
	var session uuid.UUID
	var kind string
	for last := recordTag(0); fields != ""; {
		tag, value, rest, err := nextField(fields)
		if err != nil {
			return err
		}
		if tag <= last {
			return fmt.Errorf("%w: tag %d after %d", ErrRecord, tag, last)
		}
		last, fields = tag, rest
		switch tag {
		case tagKind:
			kind = value
		case tagSubject:
			i.AccountID, _, err = decodeID(value)
		case tagSession:
			i.SessionID, session, err = decodeID(value)
		case tagEmail:
			i.Email = strings.Clone(value)
		case tagName:
			i.Name = strings.Clone(value)
		case tagAudiences:
			i.Audiences, err = decodeWords(value, shared)
		case tagScopes:
			i.Scopes, err = decodeWords(value, shared)
		case tagExpires:
			i.ExpiresAt, err = decodeTime(value)
		case tagIdle:
			i.IdleExpiresAt, err = decodeTime(value)
		}
		if err != nil {
			return err
		}
	}
	if kind != kindAccount || i.AccountID == "" || session.Version() != 7 || i.Email == "" || i.ExpiresAt.IsZero() || i.IdleExpiresAt.IsZero() {
		return fmt.Errorf("%w: a field is missing", ErrRecord)
	}
	i.IssuedAt = time.Unix(session.Time().UnixTime()).UTC().Truncate(time.Second)
	return nil
}

func appendField(b []byte, tag recordTag, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, byte(tag))
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

// nextField takes the first field off. There is one spelling of each: no empty value,
// and no length with more bytes than it needs.
func nextField(fields string) (tag recordTag, value, rest string, err error) {
	length, n := uvarint(fields[1:])
	if n == 0 || length == 0 || length > uint64(len(fields)-1-n) {
		return 0, "", "", fmt.Errorf("%w: a field's length is wrong", ErrRecord)
	}
	start := 1 + n
	return recordTag(fields[0]), fields[start : start+int(length)], fields[start+int(length):], nil
}

// uvarint reads a varint of at most 4 bytes, written as short as it can be; n is 0 if
// there is none.
func uvarint(s string) (value uint64, n int) {
	for n < min(len(s), 4) {
		c := s[n]
		value |= uint64(c&0x7f) << (7 * n)
		n++
		if c < 0x80 {
			if c == 0 && n > 1 {
				return 0, 0
			}
			return value, n
		}
	}
	return 0, 0
}

func decodeID(value string) (string, uuid.UUID, error) {
	if len(value) != len(uuid.UUID{}) {
		return "", uuid.Nil, fmt.Errorf("%w: an id has %d bytes", ErrRecord, len(value))
	}
	id := uuid.UUID([]byte(value))
	return id.String(), id, nil
}

// decodeWords takes the one spelling that strings.Join gives.
func decodeWords(value string, shared *lists) ([]string, error) {
	words := shared.of(value)
	if slices.Contains(words, "") || strings.Join(words, " ") != value {
		return nil, fmt.Errorf("%w: a list is not of words", ErrRecord)
	}
	return words, nil
}

func encodeTime(t time.Time) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(t.Unix()))
	return strings.TrimLeft(string(b[:]), "\x00")
}

func decodeTime(value string) (time.Time, error) {
	if len(value) > maxTime || value[0] == 0 {
		return time.Time{}, fmt.Errorf("%w: a time is out of range", ErrRecord)
	}
	var seconds int64
	for i := range len(value) {
		seconds = seconds<<8 | int64(value[i])
	}
	return time.Unix(seconds, 0).UTC(), nil
}
