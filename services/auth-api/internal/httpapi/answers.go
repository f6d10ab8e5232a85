package httpapi

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/bearer"
)

// answers describes how an operation may answer. The statuses of errors come from
// statusOf and oauthOf, which answer requests too, so the document says what the code
// does; package contract holds every answer of the tests against it.
type answers map[string]*huma.Response

// unreadable are the codes of requests that are refused before an operation sees them.
// Busy is what connections beyond the limit are told.
func unreadable() []fault.Code {
	return []fault.Code{fault.Busy, fault.MalformedRequest, fault.BodyTooLarge, fault.HeaderTooLarge, fault.RequestTimeout, fault.VersionNotSupported}
}

// anywhere are the codes with which every operation behind the middleware may answer.
func anywhere() []fault.Code {
	return append(unreadable(), fault.UnsupportedMediaType, fault.Internal)
}

// tokenCodes are those of a missing, a dead or a weak token.
func tokenCodes(scoped bool) []fault.Code {
	codes := []fault.Code{fault.Code(bearer.MissingToken), fault.Code(bearer.InvalidToken), fault.StoreUnavailable}
	if scoped {
		codes = append(codes, fault.Code(bearer.InsufficientScope))
	}
	return codes
}

// problems adds an answer for each status that the codes have.
func (s *Server) problems(to answers, codes ...fault.Code) {
	byStatus := map[int][]string{}
	for _, code := range codes {
		status := statusOf(code)
		byStatus[status] = append(byStatus[status], string(code))
	}
	for status, names := range byStatus {
		r := &huma.Response{Description: describe(status, names), Content: map[string]*huma.MediaType{problemType: {Schema: s.schemaOf(Problem{})}}}
		addHeaders(r, status, challenged(names))
		to[strconv.Itoa(status)] = r
	}
}

// oauthProblems is problems in OAuth's form.
func (s *Server) oauthProblems(to answers, codes ...fault.Code) {
	byStatus, early := map[int][]string{}, map[int]bool{}
	for _, code := range codes {
		status, name := oauthOf(code)
		byStatus[status] = append(byStatus[status], name)
		early[status] = early[status] || slices.Contains(unreadable(), code)
	}
	for status, names := range byStatus {
		r := &huma.Response{Description: describe(status, names), Content: map[string]*huma.MediaType{"application/json": {Schema: s.schemaOf(oauthError{})}}}
		if early[status] {
			// Of a request that cannot be read, the path may not be known.
			r.Content[problemType] = &huma.MediaType{Schema: s.schemaOf(Problem{})}
		}
		addHeaders(r, status, status == http.StatusUnauthorized)
		to[strconv.Itoa(status)] = r
	}
}

func describe(status int, names []string) string {
	slices.Sort(names)
	return http.StatusText(status) + ": " + strings.Join(slices.Compact(names), ", ")
}

// challenged says whether every refusal with one of the codes names a scheme
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
	case http.StatusServiceUnavailable:
		r.Headers = map[string]*huma.Header{"Retry-After": {
			Description: "When to try again, in seconds", Required: true, Schema: &huma.Schema{Type: "integer", Minimum: pointer(1.0)},
		}}
	}
}

// unrouted are the answers where there is no operation, as components: paths that
// nobody serves, and methods that a path does not have.
func (s *Server) unrouted() map[string]*huma.Response {
	problem := map[string]*huma.MediaType{problemType: {Schema: s.schemaOf(Problem{})}}
	either := map[string]*huma.MediaType{problemType: {Schema: s.schemaOf(Problem{})}, "application/json": {Schema: s.schemaOf(oauthError{})}}
	allow := map[string]*huma.Header{"Allow": {Description: "The methods that the path has", Required: true, Schema: &huma.Schema{Type: "string"}}}
	return map[string]*huma.Response{
		"NotFound":         {Description: "Any path that is not here: route_not_found", Content: problem},
		"MethodNotAllowed": {Description: "Any method that a path here does not have: method_not_allowed, or under /oauth invalid_request", Headers: allow, Content: either},
		"NotImplemented":   {Description: "A method that HTTP does not have: method_unknown, or under /oauth invalid_request", Content: either},
		"Options":          {Description: "204: what OPTIONS is answered on every path but /verify", Headers: allow},
	}
}

// schemaOf is the schema of a value's type, as a reference to a component.
func (s *Server) schemaOf(v any) *huma.Schema {
	return s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

// closeLists writes the closed lists into the schemas of errors, and takes out what huma
// has for errors of its own.
func (s *Server) closeLists() {
	schemas := s.api.OpenAPI().Components.Schemas.Map()
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
	schemas["OauthError"].Properties["error"].Enum = oauthErrors()
}

// reasons are those of ProblemField.
func reasons() []string {
	return []string{
		"blocklisted", "invalid", "not_a_name", "not_an_email", "not_text", "required", "too_long", "too_short", "unchanged",
		"unknown_field", "unknown_parameter", "wrong_type",
	}
}

func toAny(words []string) (out []any) {
	for _, word := range words {
		out = append(out, word)
	}
	return out
}
