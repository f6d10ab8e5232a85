package strictjson_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"auth.books.test/services/auth-api/internal/httpapi/strictjson"
)

// What is accepted means the same to the parser that most programs of Go use, and writing it
// again changes nothing.
func FuzzWhatIsAcceptedMeansTheSameToOthers(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"email":"a","n":1}`, `{"email":"a","email":"b"}`, `{"Email":"a"}`, `{"email":"\ud800"}`, `{"email":"\ud83d\ude00"}`, "\xef\xbb\xbf{}",
		`{"list":["a",null]}`, `{"n":1e400}`, `{"n":9007199254740993}`, `{"email":null}`, `[]`, `{"email":"a"} x`, `{"unknown":1}`, "{\"email\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	type body struct {
		Email string   `json:"email"`
		N     int64    `json:"n"`
		List  []string `json:"list"`
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var ours, theirs, again body
		if strictjson.Unmarshal(raw, &ours) != nil {
			return
		}
		if err := json.Unmarshal(raw, &theirs); err != nil {
			t.Fatalf("accepted, and not by encoding/json: %v: %q", err, raw)
		}
		if ours.Email != theirs.Email || ours.N != theirs.N || len(ours.List) != len(theirs.List) {
			t.Errorf("%+v, and %+v for encoding/json: %q", ours, theirs, raw)
		}
		written, err := json.Marshal(ours)
		if err != nil {
			t.Fatal(err)
		}
		if err := strictjson.Unmarshal(written, &again); err != nil || !reflect.DeepEqual(again, ours) {
			t.Errorf("%+v became %+v, %v: %q", ours, again, err, raw)
		}
	})
}
