package record

import (
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// version is the first byte of a record.
const version = 1

type fieldTag byte

// The closed set of tags of this version. Tag 14 is reserved for the actor (RFC 8693).
const (
	tagKind            fieldTag = 1
	tagSubject         fieldTag = 2
	tagAuthorization   fieldTag = 3
	tagClient          fieldTag = 4
	tagEmail           fieldTag = 5
	tagName            fieldTag = 6
	tagAudiences       fieldTag = 7
	tagScopes          fieldTag = 8
	tagIssued          fieldTag = 9
	tagAuthenticated   fieldTag = 10
	tagAuthenticatedBy fieldTag = 11
	tagExpires         fieldTag = 12
	tagIdle            fieldTag = 13
	tagEmailVerified   fieldTag = 15
)

// yes is the value of a field that says that something is so. If it is not, the field is
// left out, as in records of programs that did not know the field.
const yes = "\x01"

// kinds are the values of tagKind.
var kinds = map[string]verify.Kind{"\x01": verify.KindAccount, "\x02": verify.KindClient}

const (
	headSize = 1 + 2 // version and key id
	minSize  = headSize + token.RecordMACSize
	maxTime  = 5 // bytes: until the year 36,812
)

// ErrInvalid means that the value is not a record of this version with a MAC of the ring.
// The token may be alive.
var ErrInvalid = errors.New("the token's record is not valid")

// Encode returns the record of the token p.Hash, with a MAC under the ring's first key.
func Encode(ring *token.KeyRing, p verify.Principal) ([]byte, error) {
	b := make([]byte, 0, 256)
	b = append(b, version)
	b = append(b, ring.SigningKeyID()...)
	for kind, is := range kinds {
		if is == p.Kind {
			b = appendField(b, tagKind, kind)
		}
	}
	if len(b) == headSize {
		return nil, fmt.Errorf("encode a record: unknown kind %q", string(p.Kind))
	}
	for _, id := range []struct {
		tag   fieldTag
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
	if p.EmailVerified {
		b = appendField(b, tagEmailVerified, yes)
	}
	if p.IssuedAt.Unix() <= 0 || p.ExpiresAt.Unix() <= 0 {
		return nil, errors.New("encode a record: IssuedAt and ExpiresAt must be after 1970")
	}
	mac, err := ring.RecordMAC(ring.SigningKeyID(), version, p.Hash, b[1:])
	if err != nil {
		return nil, fmt.Errorf("encode a record: %w", err)
	}
	return append(b, mac[:]...), nil
}

// Decode is the reverse of Encode for the token with this hash. It refuses everything that
// Encode could not have written. Error: ErrInvalid.
func Decode(ring *token.KeyRing, h token.Hash, record string) (*verify.Principal, error) {
	return NewDecoder(ring).Decode(h, record)
}

// A Decoder decodes records. Principals with the same scopes share one list. It is safe
// for use by several goroutines.
type Decoder struct {
	ring  *token.KeyRing
	lists *lists
}

// NewDecoder makes a decoder of records with a MAC of the ring.
func NewDecoder(ring *token.KeyRing) *Decoder { return &Decoder{ring: ring, lists: newLists()} }

// Decode is like the function Decode. The principal's lists are shared: do not change
// them.
func (d *Decoder) Decode(h token.Hash, record string) (*verify.Principal, error) {
	if len(record) < minSize {
		return nil, fmt.Errorf("%w: it is too short", ErrInvalid)
	}
	if record[0] != version {
		return nil, fmt.Errorf("%w: it has version %d", ErrInvalid, record[0])
	}
	end := len(record) - token.RecordMACSize
	mac, err := d.ring.RecordMAC(record[1:headSize], version, h, []byte(record[1:end]))
	if err != nil {
		return nil, fmt.Errorf("%w: its MAC is under an unknown key", ErrInvalid)
	}
	if !hmac.Equal(mac[:], []byte(record[end:])) {
		return nil, fmt.Errorf("%w: its MAC is wrong", ErrInvalid)
	}
	p := &verify.Principal{Hash: h}
	if err := readFields(p, record[headSize:end], d.lists); err != nil {
		return nil, err
	}
	return p, nil
}

// readFields fills the principal from a record's fields.
func readFields(p *verify.Principal, fields string, shared *lists) error {
	for last := fieldTag(0); fields != ""; {
		tag, value, rest, err := nextField(fields)
		if err != nil {
			return err
		}
		if tag <= last {
			return fmt.Errorf("%w: tag %d after %d", ErrInvalid, tag, last)
		}
		last, fields = tag, rest
		if err := readField(p, tag, value, shared); err != nil {
			return err
		}
	}
	// A person has an e-mail address, a program has none.
	if p.Kind == "" || p.Subject == "" || p.Authorization == "" || (p.Kind == verify.KindAccount) != (p.Email != "") || p.IssuedAt.IsZero() || p.ExpiresAt.IsZero() {
		return fmt.Errorf("%w: a field is missing", ErrInvalid)
	}
	if p.EmailVerified && p.Email == "" {
		return fmt.Errorf("%w: it has no address that could be verified", ErrInvalid)
	}
	return nil
}

// readField sets one field of the principal. It skips unknown tags.
func readField(p *verify.Principal, tag fieldTag, value string, shared *lists) (err error) {
	switch tag {
	case tagKind:
		if p.Kind = kinds[value]; p.Kind == "" {
			return fmt.Errorf("%w: it has an unknown kind", ErrInvalid)
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
	case tagEmailVerified:
		if p.EmailVerified = value == yes; !p.EmailVerified {
			return fmt.Errorf("%w: whether the address is verified is neither yes nor left out", ErrInvalid)
		}
	}
	return err
}

func appendField(b []byte, tag fieldTag, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, byte(tag))
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

// nextField splits off the first field. Each field has one encoding: an empty value, or a
// length with more bytes than it needs, is refused.
func nextField(fields string) (tag fieldTag, value, rest string, err error) {
	length, n := uvarint(fields[1:])
	if n == 0 || length == 0 || length > uint64(len(fields)-1-n) {
		return 0, "", "", fmt.Errorf("%w: a field's length is wrong", ErrInvalid)
	}
	start := 1 + n
	return fieldTag(fields[0]), fields[start : start+int(length)], fields[start+int(length):], nil
}

// uvarint reads a varint of at most 4 bytes in its shortest encoding; n is 0 if there is
// none.
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
		return "", fmt.Errorf("%w: an id has %d bytes", ErrInvalid, len(value))
	}
	return uuid.UUID([]byte(value)).String(), nil
}

// decodeWords accepts only what strings.Join writes.
func decodeWords(value string, shared *lists) ([]string, error) {
	words := shared.of(value)
	if slices.Contains(words, "") || strings.Join(words, " ") != value {
		return nil, fmt.Errorf("%w: a list is not words separated by single spaces", ErrInvalid)
	}
	return words, nil
}

// encodeTime returns an empty string for a time that is not set.
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
		return time.Time{}, fmt.Errorf("%w: a time is out of range", ErrInvalid)
	}
	var seconds int64
	for i := range len(value) {
		seconds = seconds<<8 | int64(value[i])
	}
	return time.Unix(seconds, 0).UTC(), nil
}
