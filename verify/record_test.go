package verify_test

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

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// encoded is the record of an identity under the test's ring.
func encoded(t testing.TB, ring *token.KeyRing, i verify.Principal) string {
	t.Helper()
	record, err := verify.EncodeRecord(ring, i)
	if err != nil {
		t.Fatal(err)
	}
	return string(record)
}

// sealed is what somebody who has the ring could write: any bytes with the right MAC.
func sealed(t testing.TB, ring *token.KeyRing, version byte, keyID string, h token.Hash, fields string) string {
	t.Helper()
	mac, err := ring.RecordMAC(keyID, version, h, []byte(keyID+fields))
	if err != nil {
		t.Fatal(err)
	}
	return string(version) + keyID + fields + string(mac[:])
}

// field is one field of a record, written by the description of the format.
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
	f := newFixture(t, devtest.Redis(t))
	for _, value := range []string{"a", strings.Repeat("a", 127), strings.Repeat("a", 128), strings.Repeat("書", 100), strings.Repeat("\xff", 20_000), "\x00", " "} {
		want := f.typical()
		want.Name, want.Email = value, value+"@books.test"
		raw, hash := f.put(want)
		want.Hash = hash
		if got, err := f.Verify(t.Context(), raw); err != nil || !reflect.DeepEqual(got, &want) {
			t.Errorf("%d bytes of %.3q: %v", len(value), value, err)
		}
	}
}

func FuzzRecord(f *testing.F) {
	ring, err := token.ParseKeyRing(ringText)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	all := strings.Join(required(now), "")
	for _, seed := range []string{all, "", all + field(200, "x"), all[:20], "\x01\x80\x00", all + "\xff\xff\xff\xff\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, fields string) {
		h := token.Hash{1}
		i, err := verify.DecodeRecord(ring, h, sealed(t, ring, 1, "k1", h, fields))
		if err != nil {
			if !errors.Is(err, verify.ErrRecord) {
				t.Errorf("%v is not ErrRecord", err)
			}
			return
		}
		// What is read is what would be written: there is one spelling of each record.
		again := encoded(t, ring, *i)
		if read, err := verify.DecodeRecord(ring, h, again); err != nil || !reflect.DeepEqual(read, i) {
			t.Errorf("%q became %+v, and that %+v, %v", fields, i, read, err)
		}
	})
}

func TestRecordThatIsNotExactlyOneIsUnavailable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	good := required(f.now)
	with := func(n int, value string) string {
		fields := append([]string{}, good...)
		fields[n] = value
		return strings.Join(fields, "")
	}
	raw, hash := f.put(f.typical())
	for name, record := range map[string]string{
		"no kind":                    sealed(t, f.ring, 1, "k1", hash, with(0, "")),
		"another kind":               sealed(t, f.ring, 1, "k1", hash, with(0, field(1, "\x07"))),
		"no subject":                 sealed(t, f.ring, 1, "k1", hash, with(1, "")),
		"a subject of 15 bytes":      sealed(t, f.ring, 1, "k1", hash, with(1, field(2, strings.Repeat("a", 15)))),
		"no authorization":           sealed(t, f.ring, 1, "k1", hash, with(2, "")),
		"no address":                 sealed(t, f.ring, 1, "k1", hash, with(3, "")),
		"no time of issue":           sealed(t, f.ring, 1, "k1", hash, with(4, "")),
		"no end":                     sealed(t, f.ring, 1, "k1", hash, with(5, "")),
		"zeros before a time":        sealed(t, f.ring, 1, "k1", hash, with(6, field(13, "\x00\x7f\xff\xff\xff"))),
		"a time of 6 bytes":          sealed(t, f.ring, 1, "k1", hash, with(6, field(13, "\x01\xff\xff\xff\xff\xff"))),
		"an empty value":             sealed(t, f.ring, 1, "k1", hash, with(3, good[3]+"\x06\x00")),
		"a field twice":              sealed(t, f.ring, 1, "k1", hash, with(3, good[3]+good[3])),
		"fields out of order":        sealed(t, f.ring, 1, "k1", hash, good[1]+good[0]+strings.Join(good[2:], "")),
		"a list with two spaces":     sealed(t, f.ring, 1, "k1", hash, with(3, good[3]+field(8, "a  b"))),
		"a list that ends in one":    sealed(t, f.ring, 1, "k1", hash, with(3, good[3]+field(8, "a "))),
		"a length over the end":      sealed(t, f.ring, 1, "k1", hash, with(6, "\x0d\x05\x00")),
		"a length that is too long":  sealed(t, f.ring, 1, "k1", hash, with(0, "\x01\x81\x00\x01")),
		"a tag alone at the end":     sealed(t, f.ring, 1, "k1", hash, strings.Join(good, "")+"\xf0"),
		"nothing":                    sealed(t, f.ring, 1, "k1", hash, ""),
		"of the next version":        sealed(t, f.ring, 2, "k1", hash, strings.Join(good, "")),
		"of another token":           sealed(t, f.ring, 1, "k1", token.Hash{1}, strings.Join(good, "")),
		"without a MAC":              "\x01k1" + strings.Join(good, ""),
		"another program's":          "a session of Flask, as a string",
		"one byte":                   "x",
		"sealed with an unknown key": strings.Replace(sealed(t, f.ring, 1, "k1", hash, strings.Join(good, "")), "k1", "zz", 1),
	} {
		if err := f.redis.Set(t.Context(), hash.Key(), record, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if got, err := f.Verify(t.Context(), raw); !errors.Is(err, verify.ErrUnavailable) || !errors.Is(err, verify.ErrRecord) || errors.Is(err, verify.ErrInvalidToken) {
			t.Errorf("%s: %+v, %v; want ErrUnavailable because of ErrRecord", name, got, err)
		}
	}
	if err := f.redis.Set(t.Context(), hash.Key(), sealed(t, f.ring, 1, "k1", hash, strings.Join(good, "")), 0).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Verify(t.Context(), raw); err != nil {
		t.Errorf("the record that all were made of: %v", err)
	}
}

// Whoever may write to Redis must not make themselves somebody else, or an editor.
func TestEveryByteOfARecordIsCovered(t *testing.T) {
	t.Parallel()
	ring, err := token.ParseKeyRing(ringText)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	h := token.Hash{1, 2, 3}
	record := encoded(t, ring, verify.Principal{
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: "ada@books.test"},
		Audiences: []string{"books"}, Scopes: []string{"books:read"}, IssuedAt: time.Now(), ExpiresAt: now.Add(time.Hour), IdleExpiresAt: now.Add(time.Hour), Hash: h,
	})
	if _, err := verify.DecodeRecord(ring, h, record); err != nil {
		t.Fatal(err)
	}
	for i := range record {
		for _, changed := range []string{record[:i] + string([]byte{record[i] ^ 1}) + record[i+1:], record[:i] + record[i+1:], record[:i]} {
			if got, err := verify.DecodeRecord(ring, h, changed); !errors.Is(err, verify.ErrRecord) {
				t.Fatalf("byte %d changed: %+v, %v", i, got, err)
			}
		}
	}
	other, err := token.ParseKeyRing("k1:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := verify.DecodeRecord(other, h, record); !errors.Is(err, verify.ErrRecord) {
		t.Errorf("with another ring: %+v, %v", got, err)
	}
}

func TestDamagedRecordsAreCountedAndPassedOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	var told []token.Hash
	d := direct(t, f.redis, f.ring, verify.Options{Strict: true, Damaged: func(h token.Hash) { told = append(told, h) }})
	_, other := f.put(f.typical())
	copied, hash := f.put(f.typical())
	if err := f.redis.Set(t.Context(), hash.Key(), f.redis.Get(t.Context(), other.Key()).Val(), 0).Err(); err != nil {
		t.Fatal(err)
	}
	older, olderHash := f.put(f.typical())
	f.redis.Del(t.Context(), olderHash.Key())
	f.redis.HSet(t.Context(), olderHash.Key(), "sid", "AaIM3mvTdTGKybFjb7HLVQ", "email", "ada@books.test")
	for name, raw := range map[string]string{"the record of another token": copied, "of the older form, a hash": older} {
		if got, err := d.Verify(t.Context(), raw); !errors.Is(err, verify.ErrUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
			t.Errorf("%s: %+v, %v; want ErrUnavailable", name, got, err)
		}
	}
	if n := d.Stats().BadRecords; n != 2 || len(told) != 2 {
		t.Errorf("%d counted, %d passed on, want 2", n, len(told))
	}
	missing, missingHash := f.put(f.typical())
	f.redis.Del(t.Context(), missingHash.Key())
	if _, err := d.Verify(t.Context(), missing); !errors.Is(err, verify.ErrInvalidToken) || d.Stats().BadRecords != 2 {
		t.Errorf("a record that is not there is no damage: %v", err)
	}
}

// A program's token belongs to no person, and does not end for want of use.
func TestTokenOfAProgramVerifies(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	want := verify.Principal{
		Kind: verify.KindClient, Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55",
		Audiences: []string{"books"}, Scopes: []string{"books:read"}, IssuedAt: f.now, ExpiresAt: f.now.Add(time.Hour),
	}
	raw, hash := f.put(want)
	want.Hash = hash
	if got, err := f.Verify(t.Context(), raw); err != nil || !reflect.DeepEqual(got, &want) || !got.EndsAt().Equal(want.ExpiresAt) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	f.now = want.ExpiresAt
	if _, err := f.Verify(t.Context(), raw); !errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("at its end: %v", err)
	}
	// A person through a client.
	through := f.typical()
	through.Client = "01a20cde-6bd3-7531-8ac9-b1636fb1cb56"
	raw, hash = f.put(through)
	through.Hash = hash
	if got, err := f.Verify(t.Context(), raw); err != nil || !reflect.DeepEqual(got, &through) {
		t.Errorf("%+v, %v; want %+v", got, err, through)
	}
}

func TestFieldsOfTheFutureAreSkipped(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	raw, hash := f.put(f.typical())
	record := sealed(t, f.ring, 1, "k1", hash, strings.Join(required(f.now), "")+field(14, "an actor")+field(255, "what nobody knows"))
	if err := f.redis.Set(t.Context(), hash.Key(), record, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Verify(t.Context(), raw); err != nil || got.Email != "ada@books.test" {
		t.Errorf("%+v, %v", got, err)
	}
}

// The vectors are for verifiers in other languages, too. A vector is added, never
// changed.
func TestVectorsOfRecords(t *testing.T) {
	t.Parallel()
	var file struct {
		Ring    string
		Records []struct {
			Key                                string
			Record                             []byte
			Kind, Subject, Client, Email, Name string
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
		got, err := verify.DecodeRecord(ring, h, string(v.Record))
		if err != nil || string(got.Kind) != v.Kind || got.Subject != v.Subject || got.Client != v.Client || got.Email != v.Email || got.Name != v.Name || strings.Join(got.Scopes, " ") != strings.Join(v.Scopes, " ") || got.ExpiresAt.Unix() != v.Exp {
			t.Errorf("%s: %+v, %v; want %+v", v.Key, got, err, v)
		}
	}
	for _, v := range file.Refused {
		h, _ := token.ParseKey(v.Key)
		if got, err := verify.DecodeRecord(ring, h, string(v.Record)); !errors.Is(err, verify.ErrRecord) {
			t.Errorf("%s: %+v, %v; want ErrRecord", v.Because, got, err)
		}
	}
}

func TestRecordOfAnImpossiblePrincipalIsNotWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for name, change := range map[string]func(*verify.Principal){
		"a session that is a number": func(i *verify.Principal) { i.Authorization = "1" },
		"no session":                 func(i *verify.Principal) { i.Authorization = "" },
		"an account that is a name":  func(i *verify.Principal) { i.Subject = "ada" },
		"no end":                     func(i *verify.Principal) { i.ExpiresAt = time.Time{} },
		"no time of issue":           func(i *verify.Principal) { i.IssuedAt = time.Time{} },
		"no kind":                    func(i *verify.Principal) { i.Kind = "" },
	} {
		i := f.typical()
		change(&i)
		if record, err := verify.EncodeRecord(f.ring, i); err == nil {
			t.Errorf("%s: %q", name, record)
		}
	}
}

// Redis's clock is another machine's: the record's own times count.
func TestTokenDiesByTheVerifiersClock(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for name, idle := range map[string]time.Duration{"idle": time.Hour, "at its lifetime": 48 * time.Hour} {
		i := f.typical()
		i.ExpiresAt, i.IdleExpiresAt = f.now.Add(24*time.Hour), f.now.Add(idle)
		raw, _ := f.put(i)
		begin, end := f.now, i.EndsAt()
		for _, c := range []struct {
			at    time.Time
			alive bool
		}{{begin, true}, {end.Add(-time.Nanosecond), true}, {end, false}, {end.Add(time.Hour), false}} {
			f.now = c.at
			_, err := f.Verify(t.Context(), raw)
			if (err == nil) != c.alive || err != nil && (!errors.Is(err, verify.ErrInvalidToken) || errors.Is(err, verify.ErrUnavailable)) {
				t.Errorf("%s, %v before its end: %v, alive should be %v", name, end.Sub(c.at), err, c.alive)
			}
		}
		f.now = begin
	}
}
