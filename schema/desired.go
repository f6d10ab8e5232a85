package schema

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"

	"auth.books.test/schema/connect"
)

// definition is schema.hcl, the desired state.
//
//go:embed schema.hcl
var definition []byte

// live is the schema that services use. In draft the desired state is created and read
// back.
const (
	live  = connect.Schema
	draft = "auth_api_schema_draft"
)

// Desired is the desired state of a database.
type Desired struct{ hcl []byte }

// Current is the desired state that this binary was built with.
func Current() Desired { return Desired{definition} }

// Parse parses another desired state, in Atlas HCL, with one schema "public".
func Parse(hcl []byte) (Desired, error) {
	d := Desired{hcl}
	_, err := d.evaluate()
	return d, err
}

// Fingerprint identifies the text of the desired state (SHA-256, hexadecimal).
func (d Desired) Fingerprint() string {
	sum := sha256.Sum256(d.hcl)
	return hex.EncodeToString(sum[:])
}

// Columns returns the names of each table's columns.
func (d Desired) Columns() map[string][]string {
	s, err := d.evaluate()
	if err != nil {
		return nil // Impossible: Current and Parse return only states that can be evaluated.
	}
	columns := map[string][]string{}
	for _, t := range s.Tables {
		for _, c := range t.Columns {
			columns[t.Name] = append(columns[t.Name], c.Name)
		}
	}
	return columns
}

func (d Desired) evaluate() (*atlas.Schema, error) {
	realm := &atlas.Realm{}
	if err := postgres.EvalHCLBytes(d.hcl, realm, nil); err != nil {
		return nil, fmt.Errorf("read schema.hcl: %w", err)
	}
	s, found := realm.Schema(live)
	if !found || len(realm.Schemas) != 1 {
		return nil, fmt.Errorf("read schema.hcl: it must define the schema %q and no other", live)
	}
	return s, nil
}

// normalised creates the desired state in the draft schema, reads it back as Postgres has
// normalised it, and drops the draft.
func (d Desired) normalised(ctx context.Context, db atlas.ExecQuerier, driver migrate.Driver) (*atlas.Schema, error) {
	desired, err := d.evaluate()
	if err != nil {
		return nil, err
	}
	desired.Name = draft
	if _, err := db.ExecContext(ctx, "CREATE SCHEMA "+draft); err != nil {
		return nil, fmt.Errorf("create the draft schema (the user needs CREATE on the database): %w", err)
	}
	changes, err := driver.SchemaDiff(atlas.New(draft), desired)
	if err != nil {
		return nil, fmt.Errorf("plan the draft schema: %w", err)
	}
	if err := driver.ApplyChanges(ctx, changes); err != nil {
		return nil, fmt.Errorf("fill the draft schema: %w", err)
	}
	inspected, err := driver.InspectSchema(ctx, draft, nil)
	if err != nil {
		return nil, fmt.Errorf("inspect the draft schema: %w", err)
	}
	if _, err := db.ExecContext(ctx, "DROP SCHEMA "+draft+" CASCADE"); err != nil {
		return nil, fmt.Errorf("drop the draft schema: %w", err)
	}
	inspected.Name = live
	return inspected, nil
}
