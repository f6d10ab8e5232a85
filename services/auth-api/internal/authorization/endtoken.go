package authorization

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/verify/token"
)

// EndToken ends one access token of a subject and leaves its authorization alone: the other
// tokens of a program go on. It is no error if the token has ended before. Faults:
// store_unavailable, change_under_way.
func (s *Service) EndToken(ctx context.Context, subject Subject, hash token.Hash, verb audit.Verb) error {
	err := s.Change(ctx, subject, audit.Event{Verb: verb}, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM access_tokens t USING authorizations a WHERE t.hash = $1 AND a.id = t.authorization_id AND a.subject_id = $2`, hash[:], subject.ID)
		if err != nil {
			return err
		}
		return tx.queue(ctx, selector{what: selectToken, target: hash[:]})
	})
	if err != nil {
		return fmt.Errorf("end a token: %w", err)
	}
	return nil
}

// Owner is whose an authorization is. The zero Owner is that of one that does not exist.
type Owner struct {
	Subject Subject
	// Client is the program that acts; uuid.Nil if it is the subject itself.
	Client uuid.UUID
}

// OwnerOf returns whose an authorization is, alive or not. Fault: store_unavailable.
func (s *Service) OwnerOf(ctx context.Context, id uuid.UUID) (o Owner, err error) {
	var client *uuid.UUID
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, `SELECT a.subject_id, s.kind = 'client', a.client_id FROM authorizations a JOIN subjects s ON s.id = a.subject_id WHERE a.id = $1`, id).
			Scan(&o.Subject.ID, &o.Subject.Client, &client)
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Owner{}, fmt.Errorf("find an authorization: %w", err)
	}
	o.Client = orZero(client)
	return o, nil
}
