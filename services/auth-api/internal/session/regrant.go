package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
)

// Whose tells which accounts a change of grants is about.
type Whose func(ctx context.Context, tx pgx.Tx) ([]uuid.UUID, error)

// Regrant changes what accounts are granted, and narrows their live sessions to
// it: what is taken away is gone from every live token when Regrant returns
// nil. What is added comes with the next sign-in. Faults: what Whose and change
// return, and store_unavailable: either nothing was changed, or it was and a
// store did not answer; then the tokens follow as soon as it is back.
func (s *Service) Regrant(ctx context.Context, whose Whose, change Change) error {
	narrowed, err := s.store.regrant(ctx, whose, change)
	if err != nil {
		return fmt.Errorf("change grants: %w", err)
	}
	ctx = context.WithoutCancel(ctx)
	for batch := range slices.Chunk(narrowed, relayBatch) {
		if _, err := s.carry(ctx, batch); err != nil {
			s.wakeRelay()
			return fmt.Errorf("change grants: %w", fault.Wrap(fault.StoreUnavailable,
				"The change is recorded, but a store does not answer. Live tokens follow it as soon as it is back.", err))
		}
	}
	return nil
}

// regrantLock makes changes of grants take turns ("gran" in ASCII): so the
// accounts that hold a role stay the same until it is changed, and no two
// changes wait for each other's accounts.
const regrantLock = 0x6772616e

// regrant locks the accounts before the change. A sign-in holds its account's
// row from the reading of the grants until its session is there: it is over
// before, and its session is narrowed, or it reads the grants afterwards.
func (s *Store) regrant(ctx context.Context, whose Whose, change Change) (narrowed hashes, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, regrantLock); err != nil {
			return fmt.Errorf("wait for other changes of grants: %w", err)
		}
		accounts, err := whose(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT FROM accounts WHERE id = ANY($1) ORDER BY id FOR UPDATE`, accounts); err != nil {
			return fmt.Errorf("lock accounts: %w", err)
		}
		if err := change(ctx, tx); err != nil {
			return err
		}
		narrowed, err = narrow(ctx, tx, accounts)
		return err
	})
	return narrowed, err
}

// narrow takes from the accounts' live sessions what is not granted any more, and
// queues the tokens of those that lost something. A scope belongs to one API.
func narrow(ctx context.Context, tx pgx.Tx, accounts []uuid.UUID) (hashes, error) {
	rows, err := tx.Query(ctx, `
		WITH granted AS MATERIALIZED (
			SELECT g.account_id, array_agg(scope) AS scopes, array_agg(a.audience) AS audiences
			FROM grants g JOIN roles r ON r.id = g.role_id JOIN apis a ON a.id = r.api_id CROSS JOIN unnest(r.scopes) scope
			WHERE g.account_id = ANY($1) GROUP BY g.account_id),
		left_over AS (
			SELECT s.id,
				ARRAY(SELECT x FROM unnest(s.scopes) x WHERE x = $2 OR x = ANY(g.scopes) ORDER BY x COLLATE "C") AS scopes,
				ARRAY(SELECT x FROM unnest(s.audiences) x WHERE EXISTS (
					SELECT FROM unnest(g.audiences, g.scopes) AS has(audience, scope)
					WHERE has.audience = x AND has.scope = ANY(s.scopes)) ORDER BY x COLLATE "C") AS audiences
			FROM sessions s LEFT JOIN granted g ON g.account_id = s.account_id
			WHERE s.account_id = ANY($1) AND s.revoked_at IS NULL),
		narrowed AS (
			UPDATE sessions s SET scopes = l.scopes, audiences = l.audiences
			FROM left_over l WHERE s.id = l.id AND (s.scopes, s.audiences) IS DISTINCT FROM (l.scopes, l.audiences)
			RETURNING s.token_hash, s.account_id)
		INSERT INTO token_syncs (token_hash, account_id) SELECT token_hash, account_id FROM narrowed
		ON CONFLICT (token_hash) DO UPDATE SET queued_at = now()
		RETURNING token_hash`, accounts, ScopeAccount)
	if err != nil {
		return nil, fmt.Errorf("narrow sessions: %w", err)
	}
	return collectHashes(rows)
}
