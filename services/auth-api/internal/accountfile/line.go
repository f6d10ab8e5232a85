package accountfile

import (
	"errors"

	// As package strictjson: it refuses repeated and unknown names, and invalid UTF-8.
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/password/foreign"
)

// Reason is why a line was refused: one of these, a foreign.Reason, or an account.Imported.
type Reason string

// The closed set of reasons of this package.
const (
	LineTooLong Reason = "line_too_long"
	NotJSON     Reason = "not_json"
	NotAnEmail  Reason = "not_an_email"
	NotAName    Reason = "not_a_name"
	NotAnID     Reason = "not_an_id"
	// Twin means that an earlier line has the address, in the same or in another case, or
	// the id.
	Twin Reason = "twin"
)

// refusal is why a line is not imported.
type refusal struct {
	reason Reason
	detail string
}

// line is the JSON of a line.
type line struct {
	ID            string         `json:"id"`
	Email         string         `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	Name          string         `json:"name"`
	PasswordHash  jsontext.Value `json:"password_hash"`
	HashFormat    string         `json:"hash_format"`
}

// read reads a line. The address is there also if the line is refused for something else.
func read(text []byte, keys foreign.FirebaseKeys) (account.Import, *refusal) {
	var l line
	if err := json.Unmarshal(text, &l, json.RejectUnknownMembers(true)); err != nil {
		return account.Import{}, &refusal{NotJSON, "not one JSON object with email, email_verified, name, password_hash, hash_format and id, each at most once"}
	}
	email, err := account.ParseEmail("email", l.Email)
	if err != nil || email != l.Email {
		return account.Import{}, &refusal{NotAnEmail, "write an address such as ada@books.test, in at most 254 ASCII characters"}
	}
	a := account.Import{Email: email, Verified: l.EmailVerified}
	if a.Name, err = account.ParseName("name", l.Name); err != nil {
		return a, &refusal{NotAName, "use at most 64 bytes of text without control characters"}
	}
	if l.ID != "" {
		if a.ID, err = uuid.Parse(l.ID); err != nil || a.ID == uuid.Nil || len(l.ID) != len(uuid.Nil.String()) {
			a.ID = uuid.Nil
			return a, &refusal{NotAnID, "write the id as a UUID, or leave it out"}
		}
	}
	hash, refused := readHash(l, keys)
	a.Hash = hash
	return a, refused
}

// readHash reads the hash: text, or an object of Keycloak's or Firebase's. None is an
// account without a password.
func readHash(l line, keys foreign.FirebaseKeys) (foreign.Hash, *refusal) {
	text := string(l.PasswordHash)
	switch {
	case len(l.PasswordHash) == 0 || l.PasswordHash.Kind() == 'n':
		text = ""
	case l.PasswordHash.Kind() == '"':
		if err := json.Unmarshal(l.PasswordHash, &text); err != nil {
			return foreign.Hash{}, &refusal{Reason(foreign.Malformed), "password_hash is no text"}
		}
	case l.PasswordHash.Kind() != '{':
		return foreign.Hash{}, &refusal{Reason(foreign.Malformed), "password_hash is neither text nor an object"}
	}
	if text == "" && l.HashFormat == "" {
		return foreign.Hash{}, nil
	}
	hash, err := foreign.Parse(foreign.Format(l.HashFormat), text, keys)
	if why := (*foreign.Refusal)(nil); errors.As(err, &why) {
		return foreign.Hash{}, &refusal{Reason(why.Reason), why.Detail}
	}
	return hash, nil
}
