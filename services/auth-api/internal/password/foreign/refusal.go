package foreign

import "fmt"

// Reason is why a hash was refused.
type Reason string

// The closed set of reasons.
const (
	// UnknownFormat means that there is no format of that name.
	UnknownFormat Reason = "unknown_hash_format"
	// Malformed means that the text is not of the format.
	Malformed Reason = "malformed_hash"
	// Unsupported means that the text is of a variant that is not verified here.
	Unsupported Reason = "unsupported_hash"
	// TooCostly means that the hash asks for more than the ceiling.
	TooCostly Reason = "hash_too_costly"
)

// Refusal is the error of Parse and Read. Its text never holds the hash.
type Refusal struct {
	Reason Reason
	Detail string
}

func (r *Refusal) Error() string { return string(r.Reason) + ": " + r.Detail }

func refuse(reason Reason, format string, args ...any) error {
	return &Refusal{reason, fmt.Sprintf(format, args...)}
}

// beyond refuses a cost that is above its ceiling.
func beyond(what string, asked, ceiling uint64) error {
	if asked > ceiling {
		return refuse(TooCostly, "%s is %d, at most %d is accepted", what, asked, ceiling)
	}
	return nil
}
