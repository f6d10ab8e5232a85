package resource_test

import (
	"errors"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/resource"
)

// Wrong names are refused before any store is used, so this test needs none.
func TestInvalidScopeCannotBeOffered(t *testing.T) {
	t.Parallel()
	apis := resource.New(nil, nil, nil, nil)
	for _, scopes := range [][]string{
		nil, {""}, {"a b"}, {`a"b`}, {`a\b`}, {"büch:read"}, {strings.Repeat("a", 65)}, {"account"},
		{"!"}, {"books:read", "!"}, {"::"},
	} {
		err := apis.Create(t.Context(), "books", scopes)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != fault.ValidationFailed || len(f.Fields) != 1 || f.Fields[0].Location != "scope" {
			t.Errorf("%q: %v, want a fault of the scopes", scopes, err)
		}
	}
}
