package surface_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schema is what a generator needs to know of one in the document.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"` // a name, or several of them
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
	Enum       []any             `json:"enum"`
}

func (s schema) is(name string) bool {
	several, _ := s.Type.([]any)
	return s.Type == name || slices.Contains(several, any(name))
}

type parameter struct {
	Name     string `json:"name"`
	In       string `json:"in"`
	Required bool   `json:"required"`
	Schema   schema `json:"schema"`
}

// operation is one of the document.
type operation struct {
	method, path string
	id           string
	parameters   []parameter
	// media is that of the body; "" for none.
	media string
	body  schema
	// schemes are the names of what may authenticate a request.
	schemes []string
}

type document struct {
	Paths map[string]map[string]struct {
		OperationID string      `json:"operationId"`
		Parameters  []parameter `json:"parameters"`
		RequestBody struct {
			Content map[string]struct {
				Schema schema `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
		Security []map[string][]string `json:"security"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

// operationsOf reads a document in JSON. The operations come in the order of their paths and
// methods, so that the same seed makes the same requests.
func operationsOf(text []byte) (all []operation, err error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			from := d.Paths[path][method]
			op := operation{method: strings.ToUpper(method), path: path, id: from.OperationID, parameters: from.Parameters}
			for _, one := range from.Security {
				op.schemes = append(op.schemes, slices.Sorted(maps.Keys(one))...)
			}
			for _, media := range slices.Sorted(maps.Keys(from.RequestBody.Content)) {
				op.media, op.body = media, d.resolve(from.RequestBody.Content[media].Schema)
			}
			all = append(all, op)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the OpenAPI document has no operations")
	}
	return all, nil
}

// resolve replaces references at the top and one level below, which is as deep as bodies go.
func (d document) resolve(s schema) schema {
	s = d.named(s)
	resolved := map[string]schema{}
	for name, property := range s.Properties {
		resolved[name] = d.named(property)
	}
	s.Properties = resolved
	return s
}

func (d document) named(s schema) schema {
	if name, is := strings.CutPrefix(s.Ref, "#/components/schemas/"); is {
		return d.Components.Schemas[name]
	}
	return s
}
