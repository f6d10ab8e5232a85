package schema_test

import (
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"auth.books.test/schema"
)

// wantOld checks that nothing of oldRows was lost or moved.
func wantOld(t *testing.T, db *sql.DB) {
	t.Helper()
	var sessions, queued, grants int
	var moved sql.NullString
	err := db.QueryRow(`SELECT (SELECT count(token_hash) FROM sessions), (SELECT count(*) FROM token_syncs), (SELECT count(*) FROM grants), to_regclass('subjects')::text`).
		Scan(&sessions, &queued, &grants, &moved)
	if err != nil || sessions != 3 || queued != 2 || grants != 1 || moved.Valid {
		t.Errorf("%d sessions, %d queued, %d grants, %q, %v; want the old shape whole", sessions, queued, grants, moved.String, err)
	}
}

// The old tables are dropped already when the process dies: it waits for roles, to which
// the new table of assignments refers.
func TestInterruptedMoveLeavesTheOldShape(t *testing.T) {
	t.Parallel()
	db, url := oldShape(t, oldShapes()[1])
	do(t, db, oldRows)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec("UPDATE roles SET scopes = scopes"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := schema.Current().Apply(t.Context(), url, schema.Options{})
		done <- err
	}()
	const end = `SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE relation = 'roles'::regclass AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	ended := 0
	for deadline := time.Now().Add(20 * time.Second); ended == 0 && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err := db.QueryRow(end).Scan(&ended); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err == nil || errors.Is(err, schema.ErrBusy) || ended != 1 {
		t.Fatalf("%d connections were ended: %v", ended, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	wantOld(t, db)
	apply(t, schema.Current(), url)
	wantMoved(t, db)
}

func TestOnlyOneOfSeveralMoves(t *testing.T) {
	t.Parallel()
	db, url := oldShape(t, oldShapes()[0])
	do(t, db, oldRows)
	const processes = 3
	var wg sync.WaitGroup
	did := make([]int, processes)
	for n := range processes {
		wg.Go(func() {
			p, err := schema.Current().Apply(t.Context(), url, schema.Options{})
			if err != nil {
				t.Error(err)
			}
			did[n] = strings.Count(strings.Join(p.Statements, "\n"), "-- move: sessions are authorizations")
		})
	}
	wg.Wait()
	total := 0
	for _, n := range did {
		total += n
	}
	if total != 1 {
		t.Errorf("moved by each: %v, want one", did)
	}
	wantMoved(t, db)
}

// A client may be disabled during the move: then its subject must end, too.
func TestMoveWaitsForChangesOfClientsAndAccounts(t *testing.T) {
	t.Parallel()
	for what, statement := range map[string]string{
		"client":  "UPDATE clients SET disabled_at = '2026-01-03Z' WHERE disabled_at IS NULL",
		"account": "UPDATE accounts SET status = 'disabled' WHERE status = 'active'",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			db, url := oldShape(t, oldShapes()[1])
			do(t, db, oldRows)
			tx, err := db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			if _, err := tx.Exec(statement); err != nil {
				t.Fatal(err)
			}
			if _, err := schema.Current().Apply(t.Context(), url, schema.Options{}); !errors.Is(err, schema.ErrBusy) {
				t.Fatalf("%v, want that a table is in use", err)
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			apply(t, schema.Current(), url)
			var alive int
			if err := db.QueryRow("SELECT count(*) FROM subjects WHERE kind = $1 AND ended_at IS NULL", what).Scan(&alive); err != nil || alive != 0 {
				t.Errorf("%d are alive, %v", alive, err)
			}
		})
	}
}

func TestOldShapeThatWasRestoredWithoutItsRecordIsMoved(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]string{"table": "DROP TABLE schema_state", "row": "DELETE FROM schema_state"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, file := range oldShapes() {
				db, url := oldShape(t, file)
				do(t, db, oldRows)
				do(t, db, lost)
				apply(t, schema.Current(), url)
				wantMoved(t, db)
				wantRecord(t, db)
			}
		})
	}
	t.Run("but not somebody else's tables", func(t *testing.T) {
		t.Parallel()
		db, url := oldShape(t, oldShapes()[1])
		do(t, db, oldRows)
		do(t, db, "DROP TABLE schema_state; ALTER TABLE accounts DROP COLUMN password_version")
		_, err := schema.Current().Apply(t.Context(), url, schema.Options{})
		if foreign := (*schema.ForeignError)(nil); !errors.As(err, &foreign) {
			t.Errorf("%v, want a refusal", err)
		}
		wantOld(t, db)
	})
}
