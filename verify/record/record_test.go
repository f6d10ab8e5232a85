package record_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/verify"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

const ringText = "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func newRing(t testing.TB) *token.KeyRing {
	t.Helper()
	ring, err := token.ParseKeyRing(ringText)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// typical is a principal of the expected size.
func typical() verify.Principal {
	now := time.Now().UTC().Truncate(time.Second)
	return verify.Principal{
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c",
		Account: verify.Account{Email: "ada.lovelace.1843@books.test"}, Audiences: []string{"books", "shop"},
		Scopes:   []string{"account", "books:read", "books:write", "shop:buy"},
		IssuedAt: now, AuthenticatedAt: now, AuthenticatedBy: []string{"pwd"},
		ExpiresAt: now.Add(720 * time.Hour), IdleExpiresAt: now.Add(12 * time.Hour),
		Hash: token.Hash{1, 2, 3},
	}
}

// encoded is the record of a principal under the test's ring.
func encoded(t testing.TB, ring *token.KeyRing, i verify.Principal) string {
	t.Helper()
	b, err := record.Encode(ring, i)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sealed returns a record of any bytes with the right MAC, as an owner of the ring could
// write it.
func sealed(t testing.TB, ring *token.KeyRing, version byte, keyID string, h token.Hash, fields string) string {
	t.Helper()
	mac, err := ring.RecordMAC(keyID, version, h, []byte(keyID+fields))
	if err != nil {
		t.Fatal(err)
	}
	return string(version) + keyID + fields + string(mac[:])
}

// field encodes a field as the format describes it.
func field(tag byte, value string) string {
	return string(append(binary.AppendUvarint([]byte{tag}, uint64(len(value))), value...))
}

// required are the fields that a record must have, in their order.
func required(now time.Time) []string {
	session, account := uuid.MustParse("01a20cde-6bd3-7531-8ac9-b1636fb1cb55"), uuid.MustParse("01a20cde-60c7-7b5a-afaa-bf4c69d1787c")
	var end [4]byte
	binary.BigEndian.PutUint32(end[:], uint32(now.Add(time.Hour).Unix()))
	return []string{field(1, "\x01"), field(2, string(account[:])), field(3, string(session[:])), field(5, "ada@books.test"), field(9, string(end[:])), field(12, string(end[:])), field(13, string(end[:]))}
}

func TestAnyValueIsReadBackWhole(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	for _, value := range []string{"a", strings.Repeat("a", 127), strings.Repeat("a", 128), strings.Repeat("書", 100), strings.Repeat("\xff", 20_000), "\x00", " "} {
		want := typical()
		want.Name, want.Email, want.EmailVerified = value, value+"@books.test", len(value)%2 == 0
		if got, err := record.Decode(ring, want.Hash, encoded(t, ring, want)); err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("%d bytes of %.3q: %v", len(value), value, err)
		}
	}
}

func FuzzRecord(f *testing.F) {
	ring := newRing(f)
	now := time.Now().UTC().Truncate(time.Second)
	all := strings.Join(required(now), "")
	for _, seed := range []string{all, "", all + field(200, "x"), all[:20], "\x01\x80\x00", all + "\xff\xff\xff\xff\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, fields string) {
		h := token.Hash{1}
		i, err := record.Decode(ring, h, sealed(t, ring, 1, "k1", h, fields))
		if err != nil {
			if !errors.Is(err, record.ErrInvalid) {
				t.Errorf("%v is not ErrInvalid", err)
			}
			return
		}
		// Encoding the result gives the same record: each has one encoding.
		again := encoded(t, ring, *i)
		if read, err := record.Decode(ring, h, again); err != nil || !reflect.DeepEqual(read, i) {
			t.Errorf("%q became %+v, and that %+v, %v", fields, i, read, err)
		}
	})
}

func TestMalformedRecordsAreRefused(t *testing.T) {
	t.Parallel()
	ring, hash := newRing(t), token.Hash{9}
	good := required(time.Now())
	with := func(n int, value string) string {
		fields := append([]string{}, good...)
		fields[n] = value
		return strings.Join(fields, "")
	}
	for name, text := range map[string]string{
		"no kind":                    sealed(t, ring, 1, "k1", hash, with(0, "")),
		"another kind":               sealed(t, ring, 1, "k1", hash, with(0, field(1, "\x07"))),
		"no subject":                 sealed(t, ring, 1, "k1", hash, with(1, "")),
		"a subject of 15 bytes":      sealed(t, ring, 1, "k1", hash, with(1, field(2, strings.Repeat("a", 15)))),
		"no authorization":           sealed(t, ring, 1, "k1", hash, with(2, "")),
		"no address":                 sealed(t, ring, 1, "k1", hash, with(3, "")),
		"no time of issue":           sealed(t, ring, 1, "k1", hash, with(4, "")),
		"no end":                     sealed(t, ring, 1, "k1", hash, with(5, "")),
		"zeros before a time":        sealed(t, ring, 1, "k1", hash, with(6, field(13, "\x00\x7f\xff\xff\xff"))),
		"a time of 6 bytes":          sealed(t, ring, 1, "k1", hash, with(6, field(13, "\x01\xff\xff\xff\xff\xff"))),
		"an empty value":             sealed(t, ring, 1, "k1", hash, with(3, good[3]+"\x06\x00")),
		"a field twice":              sealed(t, ring, 1, "k1", hash, with(3, good[3]+good[3])),
		"fields out of order":        sealed(t, ring, 1, "k1", hash, good[1]+good[0]+strings.Join(good[2:], "")),
		"a list with two spaces":     sealed(t, ring, 1, "k1", hash, with(3, good[3]+field(8, "a  b"))),
		"a list that ends in one":    sealed(t, ring, 1, "k1", hash, with(3, good[3]+field(8, "a "))),
		"a length over the end":      sealed(t, ring, 1, "k1", hash, with(6, "\x0d\x05\x00")),
		"a length that is too long":  sealed(t, ring, 1, "k1", hash, with(0, "\x01\x81\x00\x01")),
		"a verified address: 0":      sealed(t, ring, 1, "k1", hash, strings.Join(good, "")+field(15, "\x00")),
		"a verified address: long":   sealed(t, ring, 1, "k1", hash, strings.Join(good, "")+field(15, "\x01\x01")),
		"a verified client":          sealed(t, ring, 1, "k1", hash, strings.Replace(with(3, ""), good[0], field(1, "\x02"), 1)+field(15, "\x01")),
		"a tag alone at the end":     sealed(t, ring, 1, "k1", hash, strings.Join(good, "")+"\xf0"),
		"nothing":                    sealed(t, ring, 1, "k1", hash, ""),
		"of the next version":        sealed(t, ring, 2, "k1", hash, strings.Join(good, "")),
		"of another token":           sealed(t, ring, 1, "k1", token.Hash{1}, strings.Join(good, "")),
		"without a MAC":              "\x01k1" + strings.Join(good, ""),
		"another program's":          "a session of Flask, as a string",
		"one byte":                   "x",
		"a MAC under an unknown key": strings.Replace(sealed(t, ring, 1, "k1", hash, strings.Join(good, "")), "k1", "zz", 1),
	} {
		if got, err := record.Decode(ring, hash, text); !errors.Is(err, record.ErrInvalid) {
			t.Errorf("%s: %+v, %v; want ErrInvalid", name, got, err)
		}
	}
	if _, err := record.Decode(ring, hash, sealed(t, ring, 1, "k1", hash, strings.Join(good, ""))); err != nil {
		t.Errorf("the valid record: %v", err)
	}
}

// A program that can write to Redis must not be able to change the person or the scopes.
func TestTheMACCoversEveryByteOfARecord(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	now := time.Now()
	h := token.Hash{1, 2, 3}
	text := encoded(t, ring, verify.Principal{
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: "ada@books.test"},
		Audiences: []string{"books"}, Scopes: []string{"books:read"}, IssuedAt: time.Now(), ExpiresAt: now.Add(time.Hour), IdleExpiresAt: now.Add(time.Hour), Hash: h,
	})
	if _, err := record.Decode(ring, h, text); err != nil {
		t.Fatal(err)
	}
	for i := range text {
		for _, changed := range []string{text[:i] + string([]byte{text[i] ^ 1}) + text[i+1:], text[:i] + text[i+1:], text[:i]} {
			if got, err := record.Decode(ring, h, changed); !errors.Is(err, record.ErrInvalid) {
				t.Fatalf("byte %d changed: %+v, %v", i, got, err)
			}
		}
	}
	other, err := token.ParseKeyRing("k1:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := record.Decode(other, h, text); !errors.Is(err, record.ErrInvalid) {
		t.Errorf("with another ring: %+v, %v", got, err)
	}
}

// Programs of before the field wrote records without it.
func TestRecordWithoutTheFieldHasAnUnverifiedAddress(t *testing.T) {
	t.Parallel()
	ring, hash := newRing(t), token.Hash{9}
	all := strings.Join(required(time.Now()), "")
	for fields, want := range map[string]bool{all: false, all + field(15, "\x01"): true} {
		got, err := record.Decode(ring, hash, sealed(t, ring, 1, "k1", hash, fields))
		if err != nil || got.EmailVerified != want {
			t.Errorf("%+v, %v; want verified %v", got, err, want)
		}
	}
}

func TestUnknownFieldsAreSkipped(t *testing.T) {
	t.Parallel()
	ring, hash := newRing(t), token.Hash{9}
	text := sealed(t, ring, 1, "k1", hash, strings.Join(required(time.Now()), "")+field(14, "an actor")+field(255, "what nobody knows"))
	if got, err := record.Decode(ring, hash, text); err != nil || got.Email != "ada@books.test" {
		t.Errorf("%+v, %v", got, err)
	}
}

// Verifiers in other languages use the vectors, too. New vectors may be added, but none
// changed.
func TestVectorsOfRecords(t *testing.T) {
	t.Parallel()
	var file struct {
		Ring    string
		Records []struct {
			Key                                string
			Record                             []byte
			Kind, Subject, Client, Email, Name string
			Verified                           bool `json:"email_verified"`
			Scopes                             []string
			Exp                                int64
		}
		Refused []struct {
			Key     string
			Record  []byte
			Because string
		}
	}
	b, err := os.ReadFile("testdata/records.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Records) < 3 || len(file.Refused) < 3 {
		t.Fatalf("only %d records and %d that are refused", len(file.Records), len(file.Refused))
	}
	ring, err := token.ParseKeyRing(file.Ring)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Records {
		h, _ := token.ParseKey(v.Key)
		got, err := record.Decode(ring, h, string(v.Record))
		if err != nil || string(got.Kind) != v.Kind || got.Subject != v.Subject || got.Client != v.Client || got.Email != v.Email || got.EmailVerified != v.Verified || got.Name != v.Name || strings.Join(got.Scopes, " ") != strings.Join(v.Scopes, " ") || got.ExpiresAt.Unix() != v.Exp {
			t.Errorf("%s: %+v, %v; want %+v", v.Key, got, err, v)
		}
	}
	for _, v := range file.Refused {
		h, _ := token.ParseKey(v.Key)
		if got, err := record.Decode(ring, h, string(v.Record)); !errors.Is(err, record.ErrInvalid) {
			t.Errorf("%s: %+v, %v; want ErrInvalid", v.Because, got, err)
		}
	}
}

func TestInvalidPrincipalIsNotEncoded(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	for name, change := range map[string]func(*verify.Principal){
		"a session that is a number": func(i *verify.Principal) { i.Authorization = "1" },
		"no session":                 func(i *verify.Principal) { i.Authorization = "" },
		"an account that is a name":  func(i *verify.Principal) { i.Subject = "ada" },
		"no end":                     func(i *verify.Principal) { i.ExpiresAt = time.Time{} },
		"no time of issue":           func(i *verify.Principal) { i.IssuedAt = time.Time{} },
		"no kind":                    func(i *verify.Principal) { i.Kind = "" },
	} {
		i := typical()
		change(&i)
		if text, err := record.Encode(ring, i); err == nil {
			t.Errorf("%s: %q", name, text)
		}
	}
}
