package account

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/password/foreign"
)

// Import is an account of another program.
type Import struct {
	// ID is uuid.Nil if one is to be made.
	ID uuid.UUID
	// Email and Name are as ParseEmail and ParseName return them.
	Email    string
	Verified bool
	Name     string
	Hash     foreign.Hash
}

// Imported is what became of an Import.
type Imported string

// The closed set of what becomes of it. All but Added change nothing.
const (
	Added Imported = "added"
	// AlreadyThere means that the address has an account, and that the id is its id if one
	// was given.
	AlreadyThere Imported = "already_there"
	// DiffersInCase means that an address has an account which differs in upper and lower
	// case only.
	DiffersInCase Imported = "address_differs_in_case"
	// Reserved means that whoever had the address until today may set it again.
	Reserved Imported = "address_reserved"
	// OtherID means that the address has an account with another id.
	OtherID Imported = "address_has_other_id"
	// IDTaken means that the id is that of another account, a deleted one, or a client.
	IDTaken Imported = "id_taken"
)

// FoldEmail is the address as accounts are told apart by: lower(email COLLATE "C") of the
// unique index. ParseEmail admits ASCII only.
func FoldEmail(email string) string { return strings.ToLower(email) }

// Import adds accounts in one transaction, with an event each, and returns what became of
// each. With dry it only looks. No two of them may have the same address or id. Fault:
// store_unavailable; then none was added.
func (s *Service) Import(ctx context.Context, all []Import, dry bool) (became []Imported, err error) {
	err = s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		became, err = s.importAll(ctx, tx, all, dry)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("import accounts: %w", err)
	}
	return became, nil
}

func (s *Service) importAll(ctx context.Context, tx pgx.Tx, all []Import, dry bool) ([]Imported, error) {
	became, err := s.lookUp(ctx, tx, all)
	if err != nil || dry {
		return became, err
	}
	var fresh []int
	ids := make([]uuid.UUID, len(all))
	for i, a := range all {
		if became[i] != Added {
			continue
		}
		fresh = append(fresh, i)
		if ids[i] = a.ID; a.ID != uuid.Nil {
			continue
		}
		if ids[i], err = uuid.NewV7FromReader(s.random); err != nil {
			return nil, fmt.Errorf("make an account id: %w", err)
		}
	}
	added, err := insertImports(ctx, tx, all, ids, fresh)
	if err != nil {
		return nil, err
	}
	var events []audit.Event
	var raced []Import
	for _, i := range fresh {
		if added[ids[i]] {
			events = append(events, audit.Event{Verb: audit.ImportAccount, Subject: audit.AccountOf(ids[i])})
		} else {
			raced = append(raced, all[i])
		}
	}
	if err := s.audit.RecordAll(ctx, tx, events); err != nil {
		return nil, err
	}
	if len(raced) == 0 {
		return became, nil
	}
	// Somebody else has made an account with the address meanwhile, or one with the id.
	again, err := s.lookUp(ctx, tx, raced)
	for _, i := range fresh {
		if !added[ids[i]] && err == nil {
			became[i], again = again[0], again[1:]
		}
	}
	return became, err
}

// lookUp says what would become of each, Added if nothing is in its way.
func (s *Service) lookUp(ctx context.Context, tx pgx.Tx, all []Import) ([]Imported, error) {
	emails, ids := make([]string, len(all)), make([]uuid.UUID, 0, len(all))
	for i, a := range all {
		emails[i] = FoldEmail(a.Email)
		if a.ID != uuid.Nil {
			ids = append(ids, a.ID)
		}
	}
	byEmail, byID, err := existing(ctx, tx, emails, ids)
	if err != nil {
		return nil, err
	}
	// After the accounts, so that an address that becomes free in between is seen as reserved.
	reserved, err := s.codes.ReservedOf(ctx, tx, emails)
	if err != nil {
		return nil, err
	}
	known, err := s.authorizations.Known(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	became := make([]Imported, len(all))
	for i, a := range all {
		found, exists := byEmail[emails[i]]
		switch {
		case exists && a.ID != uuid.Nil && found.ID != a.ID:
			became[i] = OtherID
		case exists && found.Email != a.Email:
			became[i] = DiffersInCase
		case exists:
			became[i] = AlreadyThere
		case a.ID != uuid.Nil && (byID[a.ID] || known[a.ID]):
			became[i] = IDTaken
		case reserved[emails[i]]:
			became[i] = Reserved
		default:
			became[i] = Added
		}
	}
	return became, nil
}
