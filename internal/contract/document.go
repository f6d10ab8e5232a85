package contract

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi-validator/config"
	liberrors "github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/paths"
	"github.com/pb33f/libopenapi-validator/responses"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"
)

// Document is an OpenAPI document (3.0 or newer) with which answers are checked. It is safe
// for use by several goroutines.
type Document struct {
	mu      sync.Mutex // guards all other fields: the library changes its model while it checks
	model   *v3.Document
	options *config.ValidationOptions
	whole   responses.ResponseBodyValidator
	// bodiless checks only status and headers, for HEAD.
	bodiless responses.ResponseBodyValidator
	schemas  schema_validation.SchemaValidator
}

// Parse reads a document in JSON.
func Parse(text []byte) (*Document, error) {
	// libopenapi-validator is the only Go library that supports the schemas of OpenAPI 3.1.
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, fmt.Errorf("parse the OpenAPI document: %w", err)
	}
	built, err := doc.BuildV3Model()
	if err != nil {
		return nil, fmt.Errorf("build the model of the OpenAPI document: %w", err)
	}
	strict := []config.Option{
		config.WithFormatAssertions(),
		config.WithStrictMode(), // Fields that are in no schema are errors.
		// Their members are the standard's, Web Authentication.
		config.WithStrictIgnorePaths("$.body.options.**", "$.body.credential.**"),
		// These headers are the same in every answer, and OpenAPI documents leave them out.
		config.WithStrictIgnoredHeadersExtra("x-content-type-options", "x-frame-options", "x-xss-protection", "x-download-options",
			"x-dns-prefetch-control", "x-permitted-cross-domain-policies", "content-security-policy", "strict-transport-security", "referrer-policy",
			"cross-origin-embedder-policy", "cross-origin-opener-policy", "cross-origin-resource-policy", "origin-agent-cluster",
			"access-control-allow-origin", "access-control-expose-headers"),
	}
	return &Document{
		model: &built.Model, options: config.NewValidationOptions(strict...),
		whole:    responses.NewResponseBodyValidator(&built.Model, strict...),
		bodiless: responses.NewResponseBodyValidator(&built.Model, append(strict, config.WithoutResponseBodyValidation())...),
		schemas:  schema_validation.NewSchemaValidator(strict...),
	}, nil
}

// Check returns how an answer differs from the document; nil if it does not. The body of
// the answer can still be read afterwards.
func (d *Document) Check(r *http.Request, answer *http.Response) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	item, found, template := paths.FindPath(asGet(r), d.model, d.options)
	var err error
	switch {
	case item == nil || len(found) > 0:
		err = d.checkUnrouted(r, answer)
	case r.Method == http.MethodHead:
		_, found = d.bodiless.ValidateResponseBodyWithPathItem(asGet(r), answer, item, template)
		err = joined(found)
	default:
		_, found = d.whole.ValidateResponseBodyWithPathItem(r, answer, item, template)
		declared := item.GetOperations().GetOrZero(strings.ToLower(r.Method)).Responses.Codes.GetOrZero(strconv.Itoa(answer.StatusCode))
		err = errors.Join(joined(found), undescribed(declared, answer))
	}
	if err != nil {
		return fmt.Errorf("%s %s was answered with %d, which is not as /openapi.json says:\n%w", r.Method, r.URL.Path, answer.StatusCode, err)
	}
	return nil
}

// undescribed returns an error if an answer has a body, or a header that clients act on,
// that its description does not have.
func undescribed(declared *v3.Response, answer *http.Response) error {
	if declared == nil {
		return nil // The validator has reported it.
	}
	for _, name := range []string{"WWW-Authenticate", "Retry-After"} {
		if answer.Header.Get(name) != "" && (declared.Headers == nil || declared.Headers.GetOrZero(name) == nil) {
			return fmt.Errorf("the header %s is not described", name)
		}
	}
	if orderedmap.Len(declared.Content) > 0 {
		return nil
	}
	if body, err := io.ReadAll(answer.Body); err != nil || len(body) > 0 {
		return fmt.Errorf("the description has no body, the answer has %d bytes (%v)", len(body), err)
	}
	return nil
}

// checkUnrouted checks an answer to a request that matches no operation. The document has
// these answers as components.
func (d *Document) checkUnrouted(r *http.Request, answer *http.Response) error {
	name := map[int]string{http.StatusNotFound: "NotFound", http.StatusMethodNotAllowed: "MethodNotAllowed", http.StatusNotImplemented: "NotImplemented"}[answer.StatusCode]
	switch {
	case r.Method == http.MethodOptions && answer.StatusCode == http.StatusNoContent:
		if r.Header.Get("Access-Control-Request-Method") != "" {
			return nil // A preflight is answered for browsers, and is not part of the API.
		}
		name = "Options"
	case forPeople(r.URL.Path) && answer.StatusCode == http.StatusOK:
		return nil
	case name == "" && answer.StatusCode >= 400:
		name = "NotImplemented" // Other errors have the same form.
	case name == "":
		return errors.New("the document has no such operation")
	}
	response := d.model.Components.Responses.GetOrZero(name)
	if response == nil {
		return fmt.Errorf("the document has no component %s", name)
	}
	for header, declared := range response.Headers.FromOldest() {
		if declared.Required && len(answer.Header.Values(header)) == 0 {
			return fmt.Errorf("the header %s is missing", header)
		}
	}
	if r.Method == http.MethodHead || orderedmap.Len(response.Content) == 0 {
		return nil
	}
	media, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	content := response.Content.GetOrZero(media)
	if content == nil {
		return fmt.Errorf("the media type %s is not one of %s", media, name)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	_, found := d.schemas.ValidateSchemaBytesWithVersion(content.Schema.Schema(), body, 3.1)
	return joined(found)
}

// forPeople says whether a path is documentation, and not part of the API.
func forPeople(path string) bool {
	return path == "/docs" || strings.HasPrefix(path, "/docs/") || strings.HasPrefix(path, "/openapi")
}

func joined(found []*liberrors.ValidationError) error {
	var all []error
	for _, one := range found {
		all = append(all, errors.New(one.Message+": "+one.Reason))
		for _, detail := range one.SchemaValidationErrors {
			all = append(all, errors.New("  "+detail.Reason))
		}
	}
	return errors.Join(all...)
}

func asGet(r *http.Request) *http.Request {
	if r.Method != http.MethodHead {
		return r
	}
	get := *r
	get.Method = http.MethodGet
	return &get
}
