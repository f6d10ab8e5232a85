package contract_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"auth.books.test/internal/contract"
)

const document = `{
  "openapi": "3.1.0", "info": {"title": "books", "version": "1"},
  "paths": {"/books": {"get": {"responses": {
    "200": {"description": "them", "headers": {"X-Count": {"required": true, "schema": {"type": "integer"}}},
      "content": {"application/json": {"schema": {"type": "object", "required": ["title"], "additionalProperties": false,
        "properties": {"title": {"type": "string", "enum": ["notes"]}}}}}},
    "204": {"description": "none"},
    "503": {"description": "not now", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
  }}}},
  "components": {
    "schemas": {"Error": {"type": "object", "required": ["code"], "additionalProperties": false, "properties": {"code": {"type": "string"}}}},
    "responses": {
      "NotFound": {"description": "no path", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
      "MethodNotAllowed": {"description": "no method", "headers": {"Allow": {"required": true, "schema": {"type": "string"}}}}
    }
  }
}`

func TestUndocumentedAnswersAreReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, path string
		status       int
		header       map[string]string
		body         string
		told         string // part of what is told; empty: nothing
	}{
		"as described":            {"GET", "/books", 200, map[string]string{"X-Count": "1"}, `{"title":"notes"}`, ""},
		"HEAD as GET":             {"HEAD", "/books", 200, map[string]string{"X-Count": "1"}, "", ""},
		"nothing":                 {"GET", "/books", 204, nil, "", ""},
		"an unknown path":         {"GET", "/shelves", 404, nil, `{"code":"a"}`, ""},
		"an unknown method":       {"PUT", "/books", 405, map[string]string{"Allow": "GET"}, "", ""},
		"another status":          {"GET", "/books", 201, nil, `{"title":"notes"}`, "201"},
		"HEAD of another status":  {"HEAD", "/books", 201, nil, "", "201"},
		"another field":           {"GET", "/books", 200, map[string]string{"X-Count": "1"}, `{"title":"notes","more":1}`, "more"},
		"a missing field":         {"GET", "/books", 200, map[string]string{"X-Count": "1"}, `{}`, "title"},
		"a value off the list":    {"GET", "/books", 200, map[string]string{"X-Count": "1"}, `{"title":"diary"}`, "notes"},
		"another media type":      {"GET", "/books", 200, map[string]string{"X-Count": "1", "Content-Type": "text/plain"}, `{"title":"notes"}`, "text/plain"},
		"a missing header":        {"GET", "/books", 200, nil, `{"title":"notes"}`, "X-Count"},
		"a header of another":     {"GET", "/books", 503, map[string]string{"Retry-After": "1"}, `{"code":"a"}`, "Retry-After"},
		"a body where is none":    {"GET", "/books", 503, nil, `OK`, "body"},
		"an error of another":     {"GET", "/shelves", 404, nil, `{"error":"a"}`, "code"},
		"a method without Allow":  {"PUT", "/books", 405, nil, "", "Allow"},
		"a route of no operation": {"GET", "/shelves", 200, nil, `{}`, "no such operation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/openapi.json" {
					_, _ = io.WriteString(w, document)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				for name, value := range c.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(c.status)
				if c.body != "" {
					_, _ = io.WriteString(w, c.body)
				}
			}))
			t.Cleanup(server.Close)
			var told []string
			client := &http.Client{Transport: &contract.Transport{Documents: &contract.Documents{}, OnFault: func(err error) { told = append(told, err.Error()) }}}
			r, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil || string(body) != c.body {
				t.Errorf("the body is %q (%v), want %q", body, err, c.body)
			}
			if got := strings.Join(told, "\n"); (c.told == "") != (got == "") || !strings.Contains(got, c.told) {
				t.Errorf("told %q, want %q", got, c.told)
			}
		})
	}
}
