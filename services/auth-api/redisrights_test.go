package main_test

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// clusterRedis is a Redis with the settings and the users of the cluster, and one
// more user who looks on.
type clusterRedis struct {
	*devtest.ClusterNode
	t     *testing.T
	acl   string
	users map[string]string // passwords
	admin *redis.Client
}

func newClusterRedis(t *testing.T, settings string) *clusterRedis {
	t.Helper()
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := &clusterRedis{t: t, users: map[string]string{}}
	for _, s := range secrets {
		switch s.Name {
		case credential.SessionDB:
			r.users["auth-api"] = s.Data["password"]
		case credential.Verifier:
			r.users["verifier"] = s.Data["password"]
		case credential.SessionUsers:
			r.acl = s.Data["users.acl"]
		}
	}
	file := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(file, []byte(r.acl+"user onlooker on nopass ~* &* +@all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("../../kustomize/base/session-db/redis.conf")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("/etc/redis-users/users.acl", file, "dir /data\n", "").Replace(string(config))
	r.ClusterNode = devtest.RedisWith(t, text+"\n"+settings)
	r.admin = redis.NewClient(&redis.Options{Addr: r.Addr, Username: "onlooker", Password: "any", DisableIdentity: true})
	t.Cleanup(func() { _ = r.admin.Close() })
	return r
}

func (r *clusterRedis) url(user string) string {
	u := url.URL{Scheme: "redis", User: url.UserPassword(user, r.users[user]), Host: r.Addr, Path: "/0"}
	return u.String()
}

// allowed are the commands that the users' file names for a user.
func (r *clusterRedis) allowed(user string) (commands []string) {
	for line := range strings.Lines(r.acl) {
		if fields := strings.Fields(line); fields[1] == user {
			for _, f := range fields {
				if command, is := strings.CutPrefix(f, "+"); is {
					commands = append(commands, command)
				}
			}
		}
	}
	return commands
}

// unused are those commands that nobody has run since the statistics were reset.
func (r *clusterRedis) unused(commands []string) []string {
	r.t.Helper()
	stats, err := r.admin.Info(r.t.Context(), "commandstats").Result()
	if err != nil {
		r.t.Fatal(err)
	}
	return slices.DeleteFunc(commands, func(c string) bool {
		return regexp.MustCompile(`(?m)^cmdstat_` + regexp.QuoteMeta(c) + `:calls=[1-9]\d*,.*rejected_calls=0,`).MatchString(stats)
	})
}

// refused are the commands that Redis refused for want of a right.
func (r *clusterRedis) refused() (refused []string) {
	r.t.Helper()
	entries, err := r.admin.ACLLog(r.t.Context(), 100).Result()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range entries {
		refused = append(refused, fmt.Sprintf("%s: %s %s", e.Username, e.Reason, e.Object))
	}
	return refused
}

// tellUse verifies a token from memory as that user, some minutes after Redis has heard
// of its last use.
func (r *clusterRedis) tellUse(user, accessToken string) {
	r.t.Helper()
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		r.t.Fatal(err)
	}
	var ahead atomic.Int64
	verifier, err := direct.Connect(r.url(user), ring, direct.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	if err != nil {
		r.t.Fatal(err)
	}
	// On a busy machine Redis may be asked instead, which is a use as well: hence some rounds.
	for round := range 20 {
		ahead.Store(int64(round) * int64(6*time.Minute))
		devtest.Eventually(r.t, "tokens are verified from memory", func() bool { return verifier.Stats().Tracking })
		if _, err := verifier.Verify(r.t.Context(), accessToken); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := verifier.Close(); err != nil { // which tells what waits
		r.t.Fatal(err)
	}
}

// The users of the cluster have every right that the programs use, and no other: each
// command that is allowed was run, and none was refused.
func TestRedisUsersHaveTheRightsThatAreUsedAndNoOthers(t *testing.T) {
	t.Parallel()
	r := newClusterRedis(t, "")
	ctx := t.Context()
	r.admin.ConfigResetStat(ctx)
	const registrations = 100
	a := start(t, openToAll, func(s settings) {
		s["SESSION_DB_URL"] = r.url("auth-api")
		s["AUTH_API_LIMIT_REGISTRATION_OVERALL"] = strconv.Itoa(registrations) + "/1h"
	})
	living, _ := a.library()
	ended, _ := a.signIn(email, password)
	a.must("role", "revoke", email, "shop", "editor") // which narrows live tokens
	if got := a.introspect(living, a.client("books")); got.status != 200 || got.body["active"] != true {
		t.Errorf("introspection: %d %s", got.status, got.raw)
	}
	a.want(a.call("DELETE", "/v1/sessions/current", ended, nil), 204, "")
	// Other replicas have used up a limit.
	for n := range registrations {
		if err := r.admin.ZAdd(ctx, "limit:registration_overall", redis.Z{Score: float64(time.Now().UnixMilli()), Member: n}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	a.want(a.asksForAccount("eve@books.test"), 429, "too_many_attempts")
	devtest.Eventually(t, "the first rebuild is done", func() bool { return strings.HasSuffix(a.metric("auth_session_db_rebuilds_total"), " 1") })
	devtest.Eventually(t, "tokens are verified from memory", func() bool { return strings.Contains(a.log.String(), "tokens are verified from memory") })
	// A mark that is not true is taken away, and Redis is filled again.
	if err := r.admin.FlushDB(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	// At first it looks as if another replica did it.
	if err := r.admin.Set(ctx, "session:rebuilding", "another", 1500*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "Redis is filled again", func() bool { return a.me(living).status == 200 && r.admin.Exists(ctx, token.RebuiltKey).Val() == 1 })
	if got := a.ready(); got.status != 200 || strings.Contains(got.raw, "problems") {
		t.Errorf("/readyz: %d %s", got.status, got.raw)
	}
	// A session whose idle end is near is looked at.
	if _, err := a.postgres().Exec(ctx, "UPDATE authorizations SET idle_expires_at = now() + interval '4 seconds' WHERE revoked_at IS NULL"); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "it is asked when a session was used", func() bool { return len(r.unused([]string{"object|idletime"})) == 0 })
	r.tellUse("auth-api", living)
	if unused := r.unused(r.allowed("auth-api")); len(unused) > 0 {
		t.Errorf("auth-api may run %v, and does not", unused)
	}

	r.admin.ConfigResetStat(ctx)
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := direct.Connect(r.url("verifier"), ring, direct.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer verifier.Close()
	if i, err := verifier.Verify(ctx, living); err != nil || i.Email != email {
		t.Errorf("%+v, %v", i, err)
	}
	devtest.Eventually(t, "the verifier answers from memory", func() bool {
		_, err := verifier.Verify(ctx, living)
		return err == nil && verifier.Stats().Hits > 0
	})
	if _, err := verifier.Verify(ctx, ended); err == nil {
		t.Error("an ended token is good")
	}
	a.want(a.call("DELETE", "/v1/sessions/current", living, nil), 204, "")
	devtest.Eventually(t, "the verifier hears of the end", func() bool {
		_, err := verifier.Verify(ctx, living)
		return err != nil
	})
	if err := verifier.Ping(ctx); err != nil { // as an API's own readiness does
		t.Error(err)
	}
	again, _ := a.signIn(email, password)
	r.tellUse("verifier", again)
	if unused := r.unused(r.allowed("verifier")); len(unused) > 0 {
		t.Errorf("verifiers may run %v, and do not", unused)
	}
	if refused := r.refused(); len(refused) > 0 {
		t.Errorf("refused for want of a right: %q", refused)
	}
}
