package fault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"auth.books.test/services/auth-api/internal/fault"
)

// A code that the list lacks would be missing in the API's document.
func TestListHasEveryCode(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	listed := append(fault.Codes(), fault.InvalidClient, fault.UnsupportedGrantType, fault.InvalidGrant, fault.UnauthorizedClient, fault.InvalidTarget, fault.TooManyTokens, fault.SecondStepRequired, fault.APINotFound, fault.RoleNotFound, fault.ClientNotFound, fault.EmailNotVerified)
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if !is || len(spec.Values) != 1 {
			return true
		}
		literal, is := spec.Values[0].(*ast.BasicLit)
		if !is {
			return true
		}
		code, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if !slices.Contains(listed, fault.Code(code)) {
			t.Errorf("%s is not in the list", code)
		}
		return true
	})
	if found != len(listed) {
		t.Errorf("%d constants, %d listed", found, len(listed))
	}
}
