// Package strictjson parses JSON, and refuses what two parsers might read differently.
package strictjson

import (
	"bytes"
	"errors"
	"unicode/utf8"

	// Go's encoding/json/v2 is developed in this library, by its authors. It refuses what
	// encoding/json silently accepts: repeated names, names in another case, invalid UTF-8,
	// half of a surrogate pair. If a gateway and the service read such a body differently,
	// the gateway's checks can be evaded.
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Fault says what is wrong with a JSON body. It is a text for callers, and repeats nothing
// of the body.
type Fault string

const (
	// NotUTF8 to NotJSON mean that the body cannot be parsed.
	NotUTF8       Fault = `The body is not UTF-8, or has an escape such as \ud800 that stands for no character.`
	ByteOrderMark Fault = "The body begins with a byte order mark. Send the JSON without it."
	RepeatedField Fault = "An object in the body has the same field twice."
	NotJSON       Fault = "The body is not JSON: one value, and nothing after it."
	// UnknownField and WrongType are validation errors, with the texts that huma uses.
	UnknownField Fault = "unexpected property"
	WrongType    Fault = "expected another type"
)

// Error is the fault's text.
func (f Fault) Error() string { return string(f) }

// Unmarshal parses JSON strictly. For a struct it accepts only fields that the struct has,
// by their exact names.
func Unmarshal(data []byte, into any) error {
	err := json.Unmarshal(data, into, json.RejectUnknownMembers(true))
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return ByteOrderMark
	case errors.Is(err, jsontext.ErrDuplicateName):
		return RepeatedField
	case !utf8.Valid(data), errors.As(err, &syntax) && isSurrogate(data, syntax.ByteOffset):
		return NotUTF8
	case errors.As(err, &syntax):
		return NotJSON
	case errors.Is(err, json.ErrUnknownName):
		return UnknownField
	default:
		return WrongType
	}
}

// isSurrogate says whether the parser stopped at half of a surrogate pair: it refuses a
// well-formed escape \ud… for no other reason.
func isSurrogate(data []byte, at int64) bool {
	return at >= 0 && at < int64(len(data)) && bytes.HasPrefix(bytes.ToLower(data[at:]), []byte(`\ud`))
}
