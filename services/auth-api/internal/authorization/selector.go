package authorization

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/verify/token"
)

// what is the kind of a selector.
type what string

// The closed set.
const (
	selectSubject what = "subject" // authorizations of a subject whose roots have one of the epochs
	selectTree    what = "tree"    // a root and its descendants
	selectClient  what = "client"  // authorizations in which a client acts
	selectRole    what = "role"    // authorizations of subjects that have a role
	selectAPI     what = "api"     // authorizations of subjects that have any role of an API
	selectToken   what = "token"   // the authorization of a token
)

// selector is a row of the outbox. It selects the authorizations that a change affects.
type selector struct {
	id     uuid.UUID
	what   what
	target []byte
	epochs []int64
	at     cursor
	// ended says that it stands for the end of a single token, and not for a repair.
	ended bool
	// unreadable is why this program cannot read it; nil if it can.
	unreadable error
}

// read decodes the cursor and checks that this program knows the kind and target.
func (s *selector) read(at []byte) (err error) {
	if s.at, err = decodeCursor(at); err != nil {
		return err
	}
	switch s.what {
	case selectToken:
		_, err = token.HashFrom(s.target)
	case selectSubject, selectTree, selectClient, selectRole, selectAPI:
		_, err = uuid.FromBytes(s.target)
	default:
		err = errors.New("the kind of the selector is unknown")
	}
	return err
}

// cursor is how far a selector was synced: the last authorization, with its subject, epoch
// and root.
type cursor struct {
	subject uuid.UUID
	epoch   int64
	root    uuid.UUID
	node    uuid.UUID
}

func (c cursor) encode() []byte {
	b := append([]byte{}, c.subject[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.epoch))
	b = append(b, c.root[:]...)
	return append(b, c.node[:]...)
}

const cursorSize = 3*16 + 8

func decodeCursor(b []byte) (c cursor, err error) {
	if len(b) == 0 {
		return c, nil
	}
	if len(b) != cursorSize {
		return c, errors.New("the cursor of a selector has a wrong size")
	}
	return cursor{
		subject: uuid.UUID(b[:16]), epoch: int64(binary.BigEndian.Uint64(b[16:])), root: uuid.UUID(b[24:40]), node: uuid.UUID(b[40:]),
	}, nil
}

// next returns the authorizations after the cursor, at most limit, and advances the cursor.
// done is true if they are the last.
func (s *Service) next(ctx context.Context, tx pgx.Tx, sel *selector, limit int) (ids []uuid.UUID, done bool, err error) {
	if sel.what == selectRole || sel.what == selectAPI {
		return s.ofHolders(ctx, tx, sel, limit)
	}
	ids, err = s.selected(ctx, tx, sel, limit)
	return ids, len(ids) < limit || sel.what == selectToken, err
}

func (s *Service) selected(ctx context.Context, tx pgx.Tx, sel *selector, limit int) ([]uuid.UUID, error) {
	if sel.what == selectToken {
		return s.authorizationOf(ctx, tx, sel.target)
	}
	target, err := uuid.FromBytes(sel.target)
	if err != nil {
		return nil, fmt.Errorf("read the target of a selector: %w", err)
	}
	switch sel.what {
	case selectTree:
		return s.page(ctx, tx, sel, `SELECT root_id, id FROM authorizations WHERE root_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
			target, sel.at.node, limit)
	case selectClient:
		return s.page(ctx, tx, sel, `
			SELECT root_id, id FROM authorizations WHERE client_id = $1 AND (root_id, id) > ($2, $3) ORDER BY root_id, id LIMIT $4`,
			target, sel.at.root, sel.at.node, limit)
	case selectSubject:
		return s.ofSubject(ctx, tx, sel, target, sel.epochs, limit)
	}
	return nil, nil
}

func (s *Service) authorizationOf(ctx context.Context, tx pgx.Tx, hash []byte) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT authorization_id FROM access_tokens WHERE hash = $1`, hash)
	if err != nil {
		return nil, fmt.Errorf("select the authorization of a token: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// page runs a query for pairs of a root and an authorization, and advances the cursor.
func (s *Service) page(ctx context.Context, tx pgx.Tx, sel *selector, query string, args ...any) (ids []uuid.UUID, err error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("select authorizations: %w", err)
	}
	var root, id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&root, &id}, func() error {
		ids = append(ids, id)
		sel.at.root, sel.at.node = root, id
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("select authorizations: %w", err)
	}
	return ids, nil
}

// ofSubject reads the epochs in ascending order. It skips revoked roots: each has a
// selector of its own.
func (s *Service) ofSubject(ctx context.Context, tx pgx.Tx, sel *selector, subject uuid.UUID, epochs []int64, limit int) (ids []uuid.UUID, err error) {
	epochs = slices.Clone(epochs)
	slices.Sort(epochs)
	for _, epoch := range slices.Compact(epochs) {
		if epoch < sel.at.epoch {
			continue
		}
		if epoch > sel.at.epoch {
			sel.at = cursor{subject: subject, epoch: epoch}
		}
		// The query reads roots in the order of the index, then the tree of each. With a plain
		// join the planner sorts the whole result if its statistics are too old for a table
		// that grew fast (`make bench`, "a million sign-ins of one account"). It reads one root
		// more than limit, because the cursor's root may have nothing left.
		some, err := s.page(ctx, tx, sel, `
			SELECT r.id, n.id FROM (
				SELECT id FROM authorizations
				WHERE subject_id = $1 AND epoch = $2 AND parent_id IS NULL AND revoked_at IS NULL AND id >= $3 ORDER BY id LIMIT $5 + 1) r
			CROSS JOIN LATERAL (
				SELECT id FROM authorizations WHERE root_id = r.id AND (r.id > $3 OR id > $4) ORDER BY id LIMIT $5) n
			ORDER BY r.id, n.id LIMIT $5`, subject, epoch, sel.at.root, sel.at.node, limit-len(ids))
		if err != nil {
			return nil, err
		}
		if ids = append(ids, some...); len(ids) == limit {
			break
		}
	}
	return ids, nil
}

// holdersPage is how many subjects that have a role are read for one page.
const holdersPage = 100

// ofHolders reads the authorizations of the subjects that have the role, ordered by the
// subjects' ids.
func (s *Service) ofHolders(ctx context.Context, tx pgx.Tx, sel *selector, limit int) (ids []uuid.UUID, done bool, err error) {
	target, err := uuid.FromBytes(sel.target)
	if err != nil {
		return nil, false, fmt.Errorf("read the target of a selector: %w", err)
	}
	holders := s.assignments.RoleHolders
	if sel.what == selectAPI {
		holders = s.assignments.APIHolders
	}
	subjects, err := holders(ctx, tx, target, sel.at.subject, holdersPage)
	if err != nil {
		return nil, false, err
	}
	epochs, err := epochsOf(ctx, tx, subjects)
	if err != nil {
		return nil, false, err
	}
	for _, subject := range subjects {
		if subject != sel.at.subject {
			sel.at = cursor{subject: subject}
		}
		some, err := s.ofSubject(ctx, tx, sel, subject, epochs[subject], limit-len(ids))
		if err != nil {
			return nil, false, err
		}
		if ids = append(ids, some...); len(ids) == limit {
			return ids, false, nil
		}
	}
	return ids, len(subjects) < holdersPage, nil
}

func epochsOf(ctx context.Context, tx pgx.Tx, subjects []uuid.UUID) (map[uuid.UUID][]int64, error) {
	rows, err := tx.Query(ctx, `SELECT id, epoch, personal_epoch FROM subjects WHERE id = ANY($1)`, subjects)
	if err != nil {
		return nil, fmt.Errorf("read epochs: %w", err)
	}
	epochs := map[uuid.UUID][]int64{}
	var id uuid.UUID
	var epoch, personal int64
	_, err = pgx.ForEachRow(rows, []any{&id, &epoch, &personal}, func() error {
		epochs[id] = []int64{epoch, personal}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read epochs: %w", err)
	}
	return epochs, nil
}
