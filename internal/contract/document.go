package contract

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/paths"
	"github.com/pb33f/libopenapi-validator/responses"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// Document is an OpenAPI document (3.0 or newer), ready to hold answers against.
// It is safe for use by several goroutines.
type Document struct {
	model     *v3.Document
	options   *config.ValidationOptions
	responses responses.ResponseBodyValidator
}

// Parse reads a document in JSON.
func Parse(text []byte) (*Document, error) {
	// libopenapi-validator: the one Go library that knows the schemas of OpenAPI 3.1.
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, fmt.Errorf("parse the OpenAPI document: %w", err)
	}
	built, err := doc.BuildV3Model()
	if err != nil {
		return nil, fmt.Errorf("build the model of the OpenAPI document: %w", err)
	}
	strict := config.WithStrictMode() // fields that no schema names are faults
	return &Document{
		model: &built.Model, options: config.NewValidationOptions(strict),
		responses: responses.NewResponseBodyValidator(&built.Model, strict, config.WithFormatAssertions()),
	}, nil
}

// Names says whether the document has the request's path and method. HEAD is
// there wherever GET is (RFC 9110, section 9.3.2).
func (d *Document) Names(r *http.Request) bool {
	item, _, _ := paths.FindPath(asGet(r), d.model, d.options)
	return item != nil
}

// Check returns what the answer has that the document does not allow; nil if it
// is as described. The body of the answer can be read afterwards.
func (d *Document) Check(r *http.Request, answer *http.Response) error {
	if r.Method == http.MethodHead {
		return nil // has no body, and GET is checked
	}
	fine, found := d.responses.ValidateResponseBody(r, answer)
	if fine {
		return nil
	}
	var said []string
	for _, one := range found {
		said = append(said, one.Message+": "+one.Reason)
		for _, detail := range one.SchemaValidationErrors {
			said = append(said, "  "+detail.Reason)
		}
	}
	return fmt.Errorf("%s %s was answered with %d, which is not as /openapi.json says:\n%s", r.Method, r.URL.Path, answer.StatusCode, strings.Join(said, "\n"))
}

func asGet(r *http.Request) *http.Request {
	if r.Method != http.MethodHead {
		return r
	}
	get := *r
	get.Method = http.MethodGet
	return &get
}
