package credential_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/devstack"
)

// database is a Postgres server of its own, since users belong to the whole server.
type database struct {
	t     *testing.T
	admin *pgx.Conn
	url   string
}

func newDatabase(ctx context.Context, t *testing.T) *database {
	t.Helper()
	dir, err := os.MkdirTemp("", "credential-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	store, err := devstack.StartPostgres(ctx, devstack.Options{Dir: dir, Scratch: true, Sources: []devstack.Source{devstack.Binary}})
	if errors.Is(err, devstack.ErrNoSource) && os.Getenv("CI") != "true" {
		t.Skip("SKIPPED: this test needs Postgres's programs")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Stop() })
	admin, err := pgx.Connect(ctx, store.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	// The superuser, as in the image.
	if _, err := admin.Exec(ctx, "CREATE ROLE postgres SUPERUSER LOGIN PASSWORD 'initial'"); err != nil {
		t.Fatal(err)
	}
	return &database{t, admin, store.URL}
}

func (d *database) load(ctx context.Context, sql string) {
	d.t.Helper()
	if _, err := d.admin.Exec(ctx, sql); err != nil {
		d.t.Fatalf("%v:\n%s", err, sql)
	}
}

// as connects as a user.
func (d *database) as(ctx context.Context, user, password string) (*pgx.Conn, error) {
	u, err := url.Parse(d.url)
	if err != nil {
		d.t.Fatal(err)
	}
	u.User = url.UserPassword(user, password)
	c, err := pgx.Connect(ctx, u.String())
	if err == nil {
		d.t.Cleanup(func() { _ = c.Close(context.Background()) })
	}
	return c, err
}

func TestDatabaseUsersOverlapWhileTheyRotate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	d := newDatabase(ctx, t)
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	users := map[string]string{"users.sql": find(t, secrets, "auth-db-users", "users.sql"), "password": "x", "version": "1"}
	first := find(t, secrets, "auth-db-credentials", "password")
	d.load(ctx, users["users.sql"])
	d.load(ctx, users["users.sql"]) // as often as one likes

	old, err := d.as(ctx, "auth_v1", first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.Exec(ctx, "CREATE TABLE notes (text text); INSERT INTO notes VALUES ('a')"); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Exec(ctx, "CREATE ROLE another"); err == nil {
		t.Error("the user is a superuser")
	}
	if _, err := d.as(ctx, "postgres", "initial"); err == nil {
		t.Error("the superuser signs in over the network")
	}

	began, err := credential.Rotate("auth-db-credentials", credential.Begin, 2, users, nil, rand.Reader)
	if err != nil || began.Users["version"] != "2" || began.Users["password"] != "x" {
		t.Fatalf("%v, version %s", err, began.Users["version"])
	}
	d.load(ctx, began.Users["users.sql"])
	renewed, err := d.as(ctx, began.Value["user"], began.Value["password"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.as(ctx, "auth_v1", first); err != nil {
		t.Errorf("the old user is gone before the rotation is finished: %v", err)
	}
	// Each user may change what the other has made.
	if _, err := renewed.Exec(ctx, "ALTER TABLE notes ADD n int; CREATE TABLE more (n int)"); err != nil {
		t.Error(err)
	}
	if _, err := old.Exec(ctx, "ALTER TABLE more ADD m int; INSERT INTO notes VALUES ('b', 1)"); err != nil {
		t.Error(err)
	}

	finished, err := credential.Rotate("auth-db-credentials", credential.Finish, 0, began.Users, nil, rand.Reader)
	if err != nil || finished.Value != nil {
		t.Fatalf("%v", err)
	}
	d.load(ctx, finished.Users["users.sql"])
	if _, err := d.as(ctx, "auth_v1", first); err == nil {
		t.Error("the old user signs in after the rotation was finished")
	}
	if _, err := d.as(ctx, find(t, secrets, "auth-db-service", "username"), find(t, secrets, "auth-db-service", "password")); err != nil {
		t.Errorf("the service's user is gone with the owner's: %v", err)
	}
	var rows int
	if err := renewed.QueryRow(ctx, "SELECT count(*) FROM notes").Scan(&rows); err != nil || rows != 2 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestServicesUsersOverlapAndOwnNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	d := newDatabase(ctx, t)
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	users := map[string]string{"users.sql": find(t, secrets, "auth-db-users", "users.sql"), "password": "x", "version": "1"}
	d.load(ctx, users["users.sql"])
	owner, err := d.as(ctx, "auth_v1", find(t, secrets, "auth-db-credentials", "password"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := owner.Exec(ctx, "CREATE TABLE notes (text text); GRANT SELECT ON notes TO auth_service"); err != nil {
		t.Fatal(err)
	}
	first := find(t, secrets, "auth-db-service", "password")
	began, err := credential.Rotate("auth-db-service", credential.Begin, 2, users, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d.load(ctx, began.Users["users.sql"])
	for user, password := range map[string]string{"auth_api_v1": first, began.Value["username"]: began.Value["password"]} {
		c, err := d.as(ctx, user, password)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exec(ctx, "SELECT FROM notes"); err != nil {
			t.Errorf("%s has not the rights of its role: %v", user, err)
		}
		for _, forbidden := range []string{"INSERT INTO notes VALUES ('a')", "DROP TABLE notes", "CREATE TABLE mine (n int)", "CREATE TEMPORARY TABLE mine (n int)", "SET ROLE auth_owner", "CREATE ROLE mine", "CREATE SCHEMA mine"} {
			if _, err := c.Exec(ctx, forbidden); err == nil {
				t.Errorf("%s may %s", user, forbidden)
			}
		}
	}
	finished, err := credential.Rotate("auth-db-service", credential.Finish, 0, began.Users, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d.load(ctx, finished.Users["users.sql"])
	if _, err := d.as(ctx, "auth_api_v1", first); err == nil {
		t.Error("the old user signs in after the rotation was finished")
	}
	if _, err := d.as(ctx, began.Value["username"], began.Value["password"]); err != nil {
		t.Errorf("the new user is gone with the old one: %v", err)
	}
	if _, err := owner.Exec(ctx, "DROP TABLE notes"); err != nil {
		t.Errorf("the owner is gone with the service's old user: %v", err)
	}
}
