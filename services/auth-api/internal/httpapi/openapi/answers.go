package openapi

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/verify/bearer"
)

// Answers are the answers of an operation, by status. Errors get theirs from
// problem.AnswerOf, which also answers requests, so the document says what the code does.
// Package contract compares every answer in the tests with the document.
type Answers map[string]*huma.Response

// Unreadable are the codes of requests that are refused before an operation sees them.
// Busy is for connections over the limit.
func Unreadable() []fault.Code {
	return []fault.Code{fault.Busy, fault.MalformedRequest, fault.BodyTooLarge, fault.HeaderTooLarge, fault.RequestTimeout, fault.VersionNotSupported}
}

// Anywhere are the codes that every operation behind the middleware may answer with.
func Anywhere() []fault.Code {
	return append(Unreadable(), fault.UnsupportedMediaType, fault.Internal)
}

// TokenCodes are the codes for a missing or dead token, for one that cannot be checked,
// and if scopes are required, for one that lacks a scope.
func TokenCodes(scoped bool) []fault.Code {
	codes := []fault.Code{fault.Code(bearer.MissingToken), fault.Code(bearer.InvalidToken), fault.StoreUnavailable}
	if scoped {
		codes = append(codes, fault.Code(bearer.InsufficientScope))
	}
	return codes
}

// Problems adds an answer for each status that the codes have.
func (d Document) Problems(to Answers, codes ...fault.Code) {
	byStatus := map[int][]string{}
	for _, code := range codes {
		status := problem.AnswerOf(code).Status
		byStatus[status] = append(byStatus[status], string(code))
	}
	for status, names := range byStatus {
		r := &huma.Response{Description: describe(status, names), Content: map[string]*huma.MediaType{problem.MediaType: {Schema: d.schemaOf(problem.Problem{})}}}
		addHeaders(r, status, challenged(names))
		to[strconv.Itoa(status)] = r
	}
}

// OAuthProblems is Problems for errors in OAuth's form.
func (d Document) OAuthProblems(to Answers, codes ...fault.Code) {
	byStatus, early := map[int][]string{}, map[int]bool{}
	for _, code := range codes {
		answer := problem.AnswerOf(code)
		status := answer.OAuthStatus
		byStatus[status] = append(byStatus[status], answer.OAuthError)
		early[status] = early[status] || slices.Contains(Unreadable(), code)
	}
	for status, names := range byStatus {
		r := &huma.Response{Description: describe(status, names), Content: map[string]*huma.MediaType{"application/json": {Schema: d.schemaOf(problem.OAuthError{})}}}
		if early[status] {
			// If a request cannot be read, its path may be unknown: the answer is a problem.
			r.Content[problem.MediaType] = &huma.MediaType{Schema: d.schemaOf(problem.Problem{})}
		}
		addHeaders(r, status, status == http.StatusUnauthorized)
		to[strconv.Itoa(status)] = r
	}
}

func describe(status int, names []string) string {
	slices.Sort(names)
	return http.StatusText(status) + ": " + strings.Join(slices.Compact(names), ", ")
}

// challenged says whether each of the codes is answered with a WWW-Authenticate header
// (RFC 6750, section 3).
func challenged(codes []string) bool {
	for _, code := range codes {
		switch status := bearer.Code(code).Status(); status {
		case http.StatusUnauthorized, http.StatusForbidden:
		default:
			return false
		}
	}
	return true
}

func addHeaders(r *huma.Response, status int, challenged bool) {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		r.Headers = map[string]*huma.Header{"WWW-Authenticate": {
			Description: "Which credentials are asked for, and why (RFC 6750, section 3)", Required: challenged, Schema: &huma.Schema{Type: "string"},
		}}
	case http.StatusTooManyRequests:
		r.Headers = map[string]*huma.Header{
			"Retry-After":      {Description: "When to try again, in seconds", Required: true, Schema: &huma.Schema{Type: "integer", Minimum: Pointer(1.0)}},
			"RateLimit":        {Description: "The limit that refused the request, and when it has a place again (draft-ietf-httpapi-ratelimit-headers-11)", Required: true, Schema: &huma.Schema{Type: "string"}},
			"RateLimit-Policy": {Description: "How many attempts the limit allows in how many seconds", Required: true, Schema: &huma.Schema{Type: "string"}},
		}
	case http.StatusServiceUnavailable:
		r.Headers = map[string]*huma.Header{"Retry-After": {
			Description: "When to try again, in seconds", Required: true, Schema: &huma.Schema{Type: "integer", Minimum: Pointer(1.0)},
		}}
	}
}

// unrouted are answers that belong to no operation, as components: to unknown paths, and
// to methods that a path does not have.
func (d Document) unrouted() map[string]*huma.Response {
	details := map[string]*huma.MediaType{problem.MediaType: {Schema: d.schemaOf(problem.Problem{})}}
	either := map[string]*huma.MediaType{problem.MediaType: {Schema: d.schemaOf(problem.Problem{})}, "application/json": {Schema: d.schemaOf(problem.OAuthError{})}}
	allow := map[string]*huma.Header{"Allow": {Description: "The methods that the path has", Required: true, Schema: &huma.Schema{Type: "string"}}}
	return map[string]*huma.Response{
		"NotFound":         {Description: "A path that is not in this document: route_not_found", Content: details},
		"MethodNotAllowed": {Description: "A method that the path does not have: method_not_allowed, or under /oauth invalid_request", Headers: allow, Content: either},
		"NotImplemented":   {Description: "A method that HTTP does not have: method_unknown, or under /oauth invalid_request", Content: either},
		"Options":          {Description: "204: the answer to OPTIONS on every path except /verify", Headers: allow},
	}
}

// Success makes the answers of an operation, with the one for success. The schema of its
// body is that of body's type; nil means no body.
func (d Document) Success(what string, body any) Answers {
	success := &huma.Response{Description: what}
	if body != nil {
		success.Content = map[string]*huma.MediaType{"application/json": {Schema: d.schemaOf(body)}}
	}
	return Answers{"200": success}
}

// schemaOf is a reference to the component that is the schema of a value's type.
func (d Document) schemaOf(v any) *huma.Schema {
	return d.Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

// Finish completes the document after all routes were added: it adds the answers that
// belong to no operation, writes the closed lists of codes into the schemas of errors,
// and removes huma's own schemas of errors.
func (d Document) Finish() {
	d.Components.Responses = d.unrouted()
	schemas := d.Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
	codes := map[string]bool{}
	for _, code := range fault.Codes() {
		codes[string(code)] = true
	}
	for _, code := range bearer.Codes() {
		codes[string(code)] = true
	}
	schemas["Problem"].Properties["code"].Enum = toAny(slices.Sorted(maps.Keys(codes)))
	schemas["ProblemField"].Properties["reason"].Enum = toAny(reasons())
	schemas["OauthError"].Properties["error"].Enum = toAny(problem.OAuthErrors())
}

// reasons is the closed list of values of problem.Field's Reason.
func reasons() []string {
	return []string{
		"blocklisted", "invalid", "not_a_name", "not_an_email", "not_text", "out_of_range", "required", "too_long", "too_many", "too_short", "unchanged",
		"unknown_field", "unknown_parameter", "wrong_type",
	}
}

func toAny(words []string) (out []any) {
	for _, word := range words {
		out = append(out, word)
	}
	return out
}
