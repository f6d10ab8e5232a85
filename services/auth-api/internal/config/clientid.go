package config

import (
	"errors"

	"github.com/google/uuid"
)

// clientID is the id of a client; "" if none is set.
type clientID string

// Decode accepts an id as auth-api client create prints it.
func (c *clientID) Decode(text string) error {
	if id, err := uuid.Parse(text); err != nil || id.String() != text {
		return errors.New("write the id of a client, as auth-api client create prints it")
	}
	*c = clientID(text)
	return nil
}

func (c clientID) String() string { return string(c) }

// SetDocsClient sets AUTH_API_DOCS_CLIENT.
func (c *Config) SetDocsClient(id string) { c.DocsClient = clientID(id) }
