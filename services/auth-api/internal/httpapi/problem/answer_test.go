package problem_test

import (
	"net/http"
	"slices"
	"testing"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/verify/bearer"
)

// A code that is missing in the table would be answered with 500.
func TestEveryCodeHasAnAnswer(t *testing.T) {
	t.Parallel()
	codes := append(fault.Codes(), fault.InvalidClient, fault.UnsupportedGrantType)
	for _, code := range bearer.Codes() {
		codes = append(codes, fault.Code(code))
	}
	for _, code := range codes {
		got := problem.AnswerOf(code)
		if (got.Status == http.StatusInternalServerError) != (code == fault.Internal) || got.Status < 400 || got.OAuthStatus < 400 {
			t.Errorf("%s is answered %+v", code, got)
		}
		if !slices.Contains(problem.OAuthErrors(), got.OAuthError) {
			t.Errorf("%s is called %q under /oauth, which is not in the list", code, got.OAuthError)
		}
	}
	if got := problem.AnswerOf("made up"); got.Status != http.StatusInternalServerError {
		t.Errorf("an unknown code is answered %+v", got)
	}
}
