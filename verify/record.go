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

// The closed set of tags of this version. Tag 14 is kept for the actor (RFC 8693).
const (
	tagKind            recordTag = 1
	tagSubject         recordTag = 2
	tagAuthorization   recordTag = 3
	tagClient          recordTag = 4
	tagEmail           recordTag = 5
	tagName            recordTag = 6
	tagAudiences       recordTag = 7
	tagScopes          recordTag = 8
	tagIssued          recordTag = 9
	tagAuthenticated   recordTag = 10
	tagAuthenticatedBy recordTag = 11
	tagExpires         recordTag = 12
	tagIdle            recordTag = 13
)

// kinds are the values of tagKind.
var kinds = map[string]Kind{"\x01": KindAccount, "\x02": KindClient}

const (
	recordHead = 1 + 2 // version and key id
	minRecord  = recordHead + token.RecordMACSize
	maxTime    = 5 // bytes: until the year 36,812
)

// ErrRecord means that a key holds no record of this version that the ring's keys
// vouch for. The token may be alive.
var ErrRecord = errors.New("the token's record is not one of ours")

// EncodeRecord gives the record of the principal's token, p.Hash, under the ring's
// first key.
func EncodeRecord(ring *token.KeyRing, p Principal) ([]byte, error) {
	b := make([]byte, 0, 256)
	b = append(b, recordVersion)
	b = append(b, ring.SigningKeyID()...)
	for kind, is := range kinds {
		if is == p.Kind {
			b = appendField(b, tagKind, kind)
		}
	}
	if len(b) == recordHead {
		return nil, fmt.Errorf("encode a record: %q is no kind of a subject", string(p.Kind))
	}
	for _, id := range []struct {
		tag   recordTag
		value string
	}{{tagSubject, p.Subject}, {tagAuthorization, p.Authorization}, {tagClient, p.Client}} {
		if id.value == "" && id.tag == tagClient {
			continue
		}
		parsed, err := uuid.Parse(id.value)
		if err != nil {
			return nil, fmt.Errorf("encode a record: the id of tag %d: %w", id.tag, err)
		}
		b = appendField(b, id.tag, string(parsed[:]))
	}
	b = appendField(b, tagEmail, p.Email)
	b = appendField(b, tagName, p.Name)
	b = appendField(b, tagAudiences, strings.Join(p.Audiences, " "))
	b = appendField(b, tagScopes, strings.Join(p.Scopes, " "))
	b = appendField(b, tagIssued, encodeTime(p.IssuedAt))
	b = appendField(b, tagAuthenticated, encodeTime(p.AuthenticatedAt))
	b = appendField(b, tagAuthenticatedBy, strings.Join(p.AuthenticatedBy, " "))
	b = appendField(b, tagExpires, encodeTime(p.ExpiresAt))
	b = appendField(b, tagIdle, encodeTime(p.IdleExpiresAt))
	if p.IssuedAt.Unix() <= 0 || p.ExpiresAt.Unix() <= 0 {
		return nil, errors.New("encode a record: a token is issued and ends after 1970")
	}
	mac, err := ring.RecordMAC(ring.SigningKeyID(), recordVersion, p.Hash, b[1:])
	if err != nil {
		return nil, fmt.Errorf("encode a record: %w", err)
	}
	return append(b, mac[:]...), nil
}

// DecodeRecord is the reverse of EncodeRecord for the token of that hash. Better no
// answer than a guess: whatever is not exactly a record is refused. Error: ErrRecord.
func DecodeRecord(ring *token.KeyRing, h token.Hash, record string) (*Principal, error) {
	return decodeRecord(ring, h, record, newLists())
}

func decodeRecord(ring *token.KeyRing, h token.Hash, record string, shared *lists) (*Principal, error) {
	if len(record) < minRecord {
		return nil, fmt.Errorf("%w: too short", ErrRecord)
	}
	if record[0] != recordVersion {
		return nil, fmt.Errorf("%w: of version %d", ErrRecord, record[0])
	}
	end := len(record) - token.RecordMACSize
	mac, err := ring.RecordMAC(record[1:recordHead], recordVersion, h, []byte(record[1:end]))
	if err != nil {
		return nil, fmt.Errorf("%w: sealed with an unknown key", ErrRecord)
	}
	if !hmac.Equal(mac[:], []byte(record[end:])) {
		return nil, fmt.Errorf("%w: its MAC is wrong", ErrRecord)
	}
	p := &Principal{Hash: h}
	if err := p.readFields(record[recordHead:end], shared); err != nil {
		return nil, err
	}
	return p, nil
}

// readFields fills the principal from a record's fields.
func (p *Principal) readFields(fields string, shared *lists) error {
	for last := recordTag(0); fields != ""; {
		tag, value, rest, err := nextField(fields)
		if err != nil {
			return err
		}
		if tag <= last {
			return fmt.Errorf("%w: tag %d after %d", ErrRecord, tag, last)
		}
		last, fields = tag, rest
		if err := p.readField(tag, value, shared); err != nil {
			return err
		}
	}
	// A person has an address, and a program none.
	if p.Kind == "" || p.Subject == "" || p.Authorization == "" || (p.Kind == KindAccount) != (p.Email != "") || p.IssuedAt.IsZero() || p.ExpiresAt.IsZero() {
		return fmt.Errorf("%w: a field is missing", ErrRecord)
	}
	return nil
}

// readField takes one field. What it does not know is skipped.
func (p *Principal) readField(tag recordTag, value string, shared *lists) (err error) {
	switch tag {
	case tagKind:
		if p.Kind = kinds[value]; p.Kind == "" {
			return fmt.Errorf("%w: an unknown kind of a subject", ErrRecord)
		}
	case tagSubject:
		p.Subject, err = decodeID(value)
	case tagAuthorization:
		p.Authorization, err = decodeID(value)
	case tagClient:
		p.Client, err = decodeID(value)
	case tagEmail:
		p.Email = strings.Clone(value)
	case tagName:
		p.Name = strings.Clone(value)
	case tagAudiences:
		p.Audiences, err = decodeWords(value, shared)
	case tagScopes:
		p.Scopes, err = decodeWords(value, shared)
	case tagIssued:
		p.IssuedAt, err = decodeTime(value)
	case tagAuthenticated:
		p.AuthenticatedAt, err = decodeTime(value)
	case tagAuthenticatedBy:
		p.AuthenticatedBy, err = decodeWords(value, shared)
	case tagExpires:
		p.ExpiresAt, err = decodeTime(value)
	case tagIdle:
		p.IdleExpiresAt, err = decodeTime(value)
	}
	return err
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

func decodeID(value string) (string, error) {
	if len(value) != len(uuid.UUID{}) {
		return "", fmt.Errorf("%w: an id has %d bytes", ErrRecord, len(value))
	}
	return uuid.UUID([]byte(value)).String(), nil
}

// decodeWords takes the one spelling that strings.Join gives.
func decodeWords(value string, shared *lists) ([]string, error) {
	words := shared.of(value)
	if slices.Contains(words, "") || strings.Join(words, " ") != value {
		return nil, fmt.Errorf("%w: a list is not of words", ErrRecord)
	}
	return words, nil
}

// encodeTime gives nothing for a time that is not set.
func encodeTime(t time.Time) string {
	if t.Unix() <= 0 {
		return ""
	}
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
