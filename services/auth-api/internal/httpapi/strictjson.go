package httpapi

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	// The library that Go's own encoding/json/v2 is developed in, by its authors. It
	// refuses what encoding/json takes in silence: names that are there twice or in
	// another case, invalid UTF-8, half of a surrogate pair. Two parsers that read
	// such a body differently are how a check is passed.
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// bodyFault says what is wrong with a body of JSON. It is written for callers: it
// holds nothing of what was sent.
type bodyFault string

const (
	notUTF8       bodyFault = `The body is not UTF-8, or has an escape such as \ud800 that stands for no character.`
	byteOrderMark bodyFault = "The body begins with a byte order mark. Send the JSON without it."
	repeatedField bodyFault = "An object in the body has the same field twice."
	notJSON       bodyFault = "The body is not JSON: one value, and nothing after it."
	// These two are validation errors, in the words of huma's own.
	unknownField bodyFault = "unexpected property"
	wrongType    bodyFault = "expected another type"
)

// Error is the fault itself.
func (f bodyFault) Error() string { return string(f) }

// unmarshalStrict reads JSON in the one way in which it can be read. Into a
// struct it takes fields that the struct has, by their exact names.
func unmarshalStrict(data []byte, into any) error {
	err := json.Unmarshal(data, into, json.RejectUnknownMembers(true))
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return byteOrderMark
	case errors.Is(err, jsontext.ErrDuplicateName):
		return repeatedField
	case !utf8.Valid(data), errors.As(err, &syntax) && isSurrogate(data, syntax.ByteOffset):
		return notUTF8
	case errors.As(err, &syntax):
		return notJSON
	case errors.Is(err, json.ErrUnknownName):
		return unknownField
	default:
		return wrongType
	}
}

// isSurrogate says whether the parser stopped at an escape \uXXXX: those that are
// written rightly it refuses only if they are half of a pair.
func isSurrogate(data []byte, at int64) bool {
	return at >= 0 && at < int64(len(data)) && bytes.HasPrefix(bytes.ToLower(data[at:]), []byte(`\ud`))
}

// strictJSON is the format in which huma reads and writes bodies.
func strictJSON() huma.Format {
	return huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshalStrict}
}
