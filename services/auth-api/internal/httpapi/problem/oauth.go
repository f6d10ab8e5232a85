package problem

import "strings"

// OAuthError is the body of an error under /oauth (RFC 6749, section 5.2).
type OAuthError struct {
	Error       string `json:"error" doc:"What went wrong. Branch on this"`
	Description string `json:"error_description" doc:"What is wrong and what to do"`
}

// OAuth is the problem in OAuth's form.
func (p *Problem) OAuth() (status int, body OAuthError) {
	answer := AnswerOf(p.Code)
	return answer.OAuthStatus, OAuthError{answer.OAuthError, describable(p.Detail)}
}

// describable replaces characters that an error_description may not have (RFC 6749,
// section 5.2).
func describable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\', r < ' ', r > '~':
			return '?'
		}
		return r
	}, s)
}
