package main_test

import (
	"crypto/rand"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/devstack/devtest"
)

// platformUsers is a Postgres, and fresh users of the platform, which it does not have yet.
func platformUsers(t *testing.T) (superuser, owner, service, users string) {
	t.Helper()
	p := devtest.PostgresProcess(t)
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	values := credential.Values{}
	for _, s := range secrets {
		values[s.Name] = s.Data
	}
	users = values[credential.AuthDBUsers]["users.sql"]
	as := func(user, password string) string {
		u, err := url.Parse(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(user, password)
		return u.String()
	}
	owner = as(values[credential.AuthDB]["user"], values[credential.AuthDB]["password"])
	service = as(values[credential.AuthDBService]["username"], values[credential.AuthDBService]["password"])
	// The superuser of the image, whose password the users' script takes away.
	sqlOn(t, p.URL, "CREATE ROLE postgres SUPERUSER LOGIN")
	return p.URL, owner, service, users
}

// As docs/upgrade.md says: in a cluster of an earlier version the owner of the tables serves.
// New pods do not get ready until the Job has given the service's role its rights, and those of
// before go on.
func TestClusterOfOneUserGetsOneForTheServiceWithoutAnOutage(t *testing.T) {
	t.Parallel()
	superuser, owner, service, users := platformUsers(t)
	before := regexp.MustCompile(`(?m)^(ALTER ROLE auth_api_v1|GRANT auth_service|REVOKE) .*\n`).ReplaceAllString(users, "")
	before = strings.NewReplacer(", 'auth_api_v1'", "", "'auth_service', ", "", ", 'auth_service'::regrole", "").Replace(before)
	if strings.Contains(before, "auth_service") || strings.Contains(before, "auth_api") {
		t.Fatalf("the users of before have those of the service:\n%s", before)
	}
	sqlOn(t, superuser, before)
	if out, err := runWith(t, settings{"AUTH_DB_URL": owner}, "schema", "apply"); err != nil {
		t.Fatalf("schema apply: %v, %s", err, out)
	}
	old := start(t, func(s settings) { s["AUTH_DB_URL"] = owner })
	living, _ := old.member()

	env := maps.Clone(old.env)
	env["AUTH_DB_URL"] = service
	a := startWith(t, env)
	devtest.Eventually(t, "Postgres refuses the service's user", func() bool { return strings.Contains(a.ready().raw, "28P01") })
	if got := a.ready(); got.status != 503 {
		t.Errorf("ready without a user: %d %s", got.status, got.raw)
	}
	job := settings{"AUTH_DB_URL": owner, "AUTH_DB_SERVICE_ROLE": "auth_service"}
	if out, err := runWith(t, job, "schema", "apply"); err == nil || !strings.Contains(out, "CREATE ROLE") {
		t.Errorf("schema apply without the role: %v, %s", err, out)
	}

	sqlOn(t, superuser, users)
	devtest.Eventually(t, "the user lacks rights", func() bool { return strings.Contains(a.ready().raw, "lacks") })
	if got := a.ready(); got.status != 503 {
		t.Errorf("ready without rights: %d %s", got.status, got.raw)
	}
	old.want(old.me(living), 200, "")
	if out, err := runWith(t, job, "schema", "apply"); err != nil {
		t.Fatalf("schema apply: %v, %s", err, out)
	}
	devtest.Eventually(t, "the new pod is ready", func() bool { r := a.ready(); return r.status == 200 && r.text("status") == "ok" })
	a.want(a.me(living), 200, "")
	for _, each := range []*api{a, old} {
		each.signIn(email, password)
	}
}
