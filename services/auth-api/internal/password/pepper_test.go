package password_test

import (
	"fmt"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/password"
)

func TestReadsPeppers(t *testing.T) {
	t.Parallel()
	const key = "++++////++++////++++////++++////++++////++8="
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"none":                {"", true},
		"blank":               {" \n", true},
		"one":                 {"2026a:" + key, true},
		"two":                 {"b:" + key + ", a:" + key, true},
		"unpadded":            {"a:" + strings.TrimRight(key, "="), true},
		"base64url":           {"a:" + strings.NewReplacer("+", "-", "/", "_").Replace(key), true},
		"no id":               {key, false},
		"an empty id":         {":" + key, false},
		"a sign in the id":    {"a,keyid:" + key, false},
		"a dollar in the id":  {"a$:" + key, false},
		"an id of 17":         {"aaaaaaaaaaaaaaaaa:" + key, false},
		"not base64":          {"a:" + key + "?", false},
		"31 bytes":            {"a:" + strings.Repeat("AAAA", 10) + "AA==", false},
		"one id twice":        {"a:" + key + ",a:" + key, false},
		"a comma at the end":  {"a:" + key + ",", false},
		"only an id":          {"a:", false},
		"a comma and nothing": {",", false},
	} {
		peppers, err := password.ParsePeppers(c.text)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "++++") {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
		if said := fmt.Sprintf("%v %+v %#v", peppers, peppers, peppers); strings.Contains(said, "251") || strings.Contains(said, "0xfb") {
			t.Errorf("%s: printing tells the secret: %s", name, said)
		}
	}
}
