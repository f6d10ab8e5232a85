// Package strictjson reads JSON in the one way in which it can be read.
package strictjson

import (
	"bytes"
	"errors"
	"unicode/utf8"

	// The library that Go's own encoding/json/v2 is developed in, by its authors. It
	// refuses what encoding/json takes in silence: names that are there twice or in
	// another case, invalid UTF-8, half of a surrogate pair. Two parsers that read
	// such a body differently are how a check is passed.
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Fault says what is wrong with a body of JSON. It is written for callers: it
// holds nothing of what was sent.
type Fault string

const (
	// NotUTF8 to NotJSON are of a body that cannot be read.
	NotUTF8       Fault = `The body is not UTF-8, or has an escape such as \ud800 that stands for no character.`
	ByteOrderMark Fault = "The body begins with a byte order mark. Send the JSON without it."
	RepeatedField Fault = "An object in the body has the same field twice."
	NotJSON       Fault = "The body is not JSON: one value, and nothing after it."
	// UnknownField and WrongType are validation errors, in the words of huma's own.
	UnknownField Fault = "unexpected property"
	WrongType    Fault = "expected another type"
)

// Error is the fault itself.
func (f Fault) Error() string { return string(f) }

// Unmarshal reads JSON in the one way in which it can be read. Into a
// struct it takes fields that the struct has, by their exact names.
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

// isSurrogate says whether the parser stopped at an escape \uXXXX: those that are
// written rightly it refuses only if they are half of a pair.
func isSurrogate(data []byte, at int64) bool {
	return at >= 0 && at < int64(len(data)) && bytes.HasPrefix(bytes.ToLower(data[at:]), []byte(`\ud`))
}
