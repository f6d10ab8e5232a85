package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
)

// Create makes an API that offers the scopes. Faults: validation_failed,
// already_exists (the audience, or a scope of another API), store_unavailable.
func (s *Service) Create(ctx context.Context, audience string, scopes []string) error {
	if err := checkName("audience", audience); err != nil {
		return err
	}
	scopes, err := checkScopes(scopes)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return fmt.Errorf("make an API's id: %w", err)
	}
	err = s.sessions.Regrant(ctx, nobody, func(ctx context.Context, tx pgx.Tx) error {
		if err := noOtherOffers(ctx, tx, audience, scopes); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `INSERT INTO apis (id, audience, name, scopes) VALUES ($1, $2, $2, $3) ON CONFLICT (audience) DO NOTHING`, id, audience, scopes)
		if err == nil && tag.RowsAffected() == 0 {
			return fault.New(fault.AlreadyExists, "There is an API of this audience.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("create API: %w", err)
	}
	return nil
}

// SetScopes changes what the API offers. Scopes that it offers no more are gone
// from its roles and from live tokens when SetScopes returns. Faults:
// validation_failed, api_not_found, already_exists (a scope of another API),
// store_unavailable.
func (s *Service) SetScopes(ctx context.Context, audience string, scopes []string) error {
	scopes, err := checkScopes(scopes)
	if err != nil {
		return err
	}
	holders := accounts(`SELECT DISTINCT g.account_id FROM grants g JOIN roles r ON r.id = g.role_id JOIN apis a ON a.id = r.api_id WHERE a.audience = $1`, audience)
	err = s.sessions.Regrant(ctx, holders, func(ctx context.Context, tx pgx.Tx) error {
		if err := noOtherOffers(ctx, tx, audience, scopes); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `UPDATE apis SET scopes = $2 WHERE audience = $1`, audience, scopes)
		if err == nil && tag.RowsAffected() == 0 {
			return audienceNotFound()
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE roles r SET scopes = ARRAY(SELECT x FROM unnest(r.scopes) x WHERE x = ANY(a.scopes))
			FROM apis a WHERE a.id = r.api_id AND a.audience = $1`, audience)
		return err
	})
	// Its clients see the scopes that it offers, whether Redis had answered or not.
	if err == nil || fault.CodeOf(err) == fault.StoreUnavailable {
		err = errors.Join(err, s.clients.Follow(ctx, audience))
	}
	if err != nil {
		return fmt.Errorf("change an API's scopes: %w", err)
	}
	return nil
}

// noOtherOffers holds that a scope belongs to one API. Changes of grants take
// turns, so nobody adds one meanwhile.
func noOtherOffers(ctx context.Context, tx pgx.Tx, audience string, scopes []string) error {
	var taken bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM apis WHERE audience <> $1 AND scopes && $2)`, audience, scopes).Scan(&taken); err != nil {
		return fmt.Errorf("look for the scopes: %w", err)
	}
	if taken {
		return fault.New(fault.AlreadyExists, "Another API offers one of these scopes. Name scopes after the API, as books:read.")
	}
	return nil
}
