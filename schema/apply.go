package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// DestructiveError refuses changes that can lose data.
type DestructiveError struct{ Changes []string }

func (e *DestructiveError) Error() string {
	return fmt.Sprintf("this would lose data: %s; to do it anyway, allow each by name (--allow %s)",
		strings.Join(e.Changes, ", "), strings.Join(e.Changes, " --allow "))
}

// Apply changes the database to the desired state, in one transaction, and returns what was
// done. Errors: ErrBusy, ErrUnreachable, ErrNoRole, *DestructiveError, *ForeignError,
// *RoleError, and those that package connect explains.
func (d Desired) Apply(ctx context.Context, url string, o Options) (p Plan, err error) {
	err = withTx(ctx, url, func(tx *sql.Tx) error {
		if p, err = d.plan(ctx, tx, o); err != nil {
			return err
		}
		refused := slices.DeleteFunc(slices.Clone(p.Destructive), func(name string) bool { return slices.Contains(o.Allow, name) })
		if len(refused) > 0 {
			return &DestructiveError{refused}
		}
		// The statements are executed here, because Atlas hides the cause of a failure. They
		// are exactly those of the plan.
		for _, statement := range p.Statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return detailed(statement, err)
			}
		}
		if err := d.settleGrants(ctx, tx, o.ServiceRole, &p); err != nil {
			return err
		}
		return d.recordApplied(ctx, tx, p.record)
	})
	if err != nil {
		return Plan{}, fmt.Errorf("apply the schema: %w", err)
	}
	return p, nil
}

// settleGrants takes back what default privileges of the database have added to new tables.
func (d Desired) settleGrants(ctx context.Context, tx *sql.Tx, role string, p *Plan) error {
	none := func(string) bool { return false }
	added, err := d.grants(ctx, tx, role, none)
	if err != nil || len(added) == 0 {
		return err
	}
	for _, statement := range added {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return detailed(statement, err)
		}
	}
	p.Statements = append(p.Statements, added...)
	left, err := d.grants(ctx, tx, role, none)
	if err == nil && len(left) > 0 {
		err = &RoleError{role, "Postgres keeps rights that others granted, or refuses new ones: as a superuser, run " + strings.Join(left, "; ")}
	}
	return err
}

// detailed adds the detail of a Postgres error, such as which view depends on a table.
func detailed(statement string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Detail != "" {
		return fmt.Errorf("%s: %w (%s)", statement, err, pg.Detail)
	}
	return fmt.Errorf("%s: %w", statement, err)
}

// recordApplied stores the fingerprint of the desired state, and which objects of the
// database are ours.
func (d Desired) recordApplied(ctx context.Context, tx *sql.Tx, ours record) error {
	statement, args := `
		INSERT INTO schema_state (singleton, fingerprint, objects) VALUES (true, $1, $2)
		ON CONFLICT (singleton) DO UPDATE SET fingerprint = excluded.fingerprint, objects = excluded.objects, applied_at = now()
		WHERE (schema_state.fingerprint, schema_state.objects) IS DISTINCT FROM (excluded.fingerprint, excluded.objects)`, []any{d.Fingerprint(), ours.list()}
	if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
		return fmt.Errorf("store the schema's fingerprint: %w", err)
	}
	return nil
}
