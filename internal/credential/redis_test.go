package credential_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/servicetest"
	"auth.books.test/verify/token"
)

// server runs Redis with the users' file and the platform's redis.conf.
type server struct {
	t    *testing.T
	dir  string
	addr string
	cmd  *exec.Cmd
}

func newServer(t *testing.T, users string) *server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: this test needs redis-server on PATH")
	}
	s := &server{t: t, dir: t.TempDir()}
	s.addr = servicetest.Address(t)
	settings, err := os.ReadFile("../../kustomize/base/session-db/redis.conf")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("/etc/redis-users/users.acl", filepath.Join(s.dir, "users.acl"), "dir /data", "dir "+s.dir).Replace(string(settings))
	_, port, _ := net.SplitHostPort(s.addr)
	text += "\nbind 127.0.0.1\nport " + port + "\n"
	for name, content := range map[string]string{"redis.conf": text, "users.acl": users} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.cmd = exec.Command(path, filepath.Join(s.dir, "redis.conf"))
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.cmd.Path, s.cmd.Args[1:]...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	probe := s.as("probe", "any")
	for end := time.Now().Add(10 * time.Second); probe.Ping(context.Background()).Err() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal("Redis does not start")
		}
	}
}

func (s *server) version(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, s.cmd.Path, "--version").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	// Redis server v=8.2.9 sha=…
	_, after, _ := strings.Cut(string(out), "v=")
	version, _, _ := strings.Cut(after, " ")
	return version
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

func (s *server) as(user, password string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.addr, Username: user, Password: password, DisableIdentity: true, MaxRetries: -1})
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Commands that somebody with a stolen password of each user would want to run.
var nobody = []string{
	"EVAL return 0", "EVALSHA 0 0", "SCRIPT LOAD return", "SCRIPT FLUSH", "FUNCTION LIST", "FUNCTION FLUSH", "FCALL f 0",
	"FLUSHALL", "FLUSHDB", "CONFIG GET *", "CONFIG SET maxmemory 1", "SHUTDOWN", "SAVE", "REPLICAOF NO ONE", "MIGRATE h 1 session:a 0 1",
	"CLIENT LIST", "CLIENT KILL TYPE normal", "CLIENT PAUSE 1000", "CLIENT NO-EVICT ON", "ACL LIST", "ACL LOAD", "ACL SETUSER x on", "MONITOR", "SUBSCRIBE c", "PUBLISH c m",
	"KEYS *", "RANDOMKEY", "DBSIZE", "SELECT 1", "SWAPDB 0 1", "MEMORY USAGE session:a", "OBJECT ENCODING session:a", "DUMP session:a", "SORT session:a", "SLOWLOG GET",
	"SETRANGE session:big 500000000 x", "APPEND session:big x", "SETBIT session:big 4000000000 1", "RESTORE session:b 0 x", "RENAME session:a session:b", "COPY session:a session:b", "XADD session:x * a b", "HINCRBY session:a n 1",
}

var forbidden = map[string][]string{
	"auth-api": append([]string{"SET other 1", "GET other", "HGETALL other", "DEL other"}, nobody...),
	"verifier": append([]string{"DEL session:a", "HSET session:a sid 2", "SET session:a 1", "HGETALL client:a", "GET client:a", "GET other", "SCAN 0", "SCAN 0 MATCH client:*", "INFO", "MULTI", "WATCH session:a", "PEXPIREAT session:a 1"}, nobody...),
	"probe":    append([]string{"GET session:a", "HGETALL session:a", "SCAN 0", "INFO", "CLIENT TRACKING ON", "DEL session:a"}, nobody...),
}

func TestUsersMayDoWhatTheyNeedAndTokensOutliveARestart(t *testing.T) {
	t.Parallel()
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, find(t, secrets, "session-db-users", "users.acl"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	api := func() *redis.Client {
		return s.as("auth-api", find(t, secrets, "session-db-credentials", "password"))
	}
	// As auth-api writes a token's record.
	if err := api().SetArgs(ctx, "session:a", "record", redis.SetArgs{ExpireAt: time.Now().Add(time.Hour)}).Err(); err != nil {
		t.Fatal(err)
	}
	if err := api().Scan(ctx, 0, "session:*", 10).Err(); err != nil {
		t.Errorf("auth-api looks through the records: %v", err)
	}
	if err := api().Set(ctx, token.RebuiltKey, "mark", 0).Err(); err != nil {
		t.Errorf("auth-api marks what is there: %v", err)
	}
	// The same in a transaction, which must survive a restart as well.
	if _, err := api().TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.HSet(ctx, "client:a", "aud", "books")
		tx.HDel(ctx, "client:a", "secret.1")
		return nil
	}); err != nil {
		t.Errorf("auth-api writes a client's record: %v", err)
	}
	verifier := s.as("verifier", find(t, secrets, "session-db-verifier", "password"))
	if record, err := verifier.Get(ctx, "session:a").Result(); err != nil || record != "record" {
		t.Errorf("the verifier reads %q, %v", record, err)
	}
	if mark, err := verifier.Get(ctx, token.RebuiltKey).Result(); err != nil || mark != "mark" {
		t.Errorf("the verifier looks for the mark: %q, %v", mark, err)
	}
	for who, prefix := range map[*redis.Client]string{api(): "session:", api(): "client:", verifier: "session:"} {
		if err := who.Conn().Do(ctx, "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", prefix).Err(); err != nil {
			t.Errorf("%s follows changes of %s: %v", who.Options().Username, prefix, err)
		}
	}
	for name, err := range map[string]error{
		"nobody gets in":            s.as("", "").Ping(ctx).Err(),
		"the default user gets in":  s.as("default", "any").Ping(ctx).Err(),
		"a wrong password gets in":  s.as("auth-api", "wrong").Ping(ctx).Err(),
		"reload without a password": s.as("reload", "").Ping(ctx).Err(),
	} {
		if err == nil || !strings.Contains(err.Error(), "NOAUTH") && !strings.Contains(err.Error(), "WRONGPASS") {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	for user, client := range map[string]*redis.Client{"auth-api": api(), "verifier": verifier, "probe": s.as("probe", "any")} {
		for _, command := range forbidden[user] {
			args := []any{}
			for _, word := range strings.Fields(command) {
				args = append(args, word)
			}
			if err := client.Do(ctx, args...).Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") {
				t.Errorf("%s may %s: %v", user, command, err)
			}
		}
	}
	s.stop()
	s.start()
	if record, client := api().Get(ctx, "session:a").Val(), fmt.Sprint(api().HGetAll(ctx, "client:a").Val()); record != "record" || client != "map[aud:books]" {
		t.Errorf("after a restart: %q and %s", record, client)
	}
}

func TestSessionPasswordsOverlapWhileTheyRotate(t *testing.T) {
	t.Parallel()
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	among := find(t, secrets, "session-db-users", "password")
	users := map[string]string{"users.acl": find(t, secrets, "session-db-users", "users.acl"), "password": among, "version": "1"}
	s := newServer(t, users["users.acl"])
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// The mounted Secret is replaced, and the user reload makes Redis read it.
	load := func(acl string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(s.dir, "users.acl"), []byte(acl), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.as("reload", among).Do(ctx, "ACL", "LOAD").Err(); err != nil {
			t.Fatal(err)
		}
	}
	for secret, user := range map[string]string{"session-db-credentials": "auth-api", "session-db-verifier": "verifier"} {
		first := find(t, secrets, secret, "password")
		open := s.as(user, first).Conn()
		t.Cleanup(func() { _ = open.Close() })
		before := open.ClientID(ctx).Val()
		began := rotate(t, secret, credential.Begin, users)
		load(began.Users["users.acl"])
		for name, password := range map[string]string{"the old": first, "the new": began.Value["password"]} {
			if err := s.as(user, password).Ping(ctx).Err(); err != nil {
				t.Errorf("%s: %s password: %v", user, name, err)
			}
		}
		// Redis 7.0 closed every connection here; since 7.2 they remain open (redis/redis, pull request 12171).
		if keeps := s.version(ctx) >= "7.2"; !keeps {
			t.Logf("NOT CHECKED: that connections stay open, with Redis %s", s.version(ctx))
		} else if after, err := open.ClientID(ctx).Result(); err != nil || after != before || before == 0 {
			t.Errorf("%s: the open connection was lost: %d, %d, %v", user, before, after, err)
		}
		users = rotate(t, secret, credential.Finish, began.Users).Users
		load(users["users.acl"])
		if err := s.as(user, first).Ping(ctx).Err(); err == nil {
			t.Errorf("%s: the old password is good after the rotation was finished", user)
		}
		if err := s.as(user, began.Value["password"]).Ping(ctx).Err(); err != nil {
			t.Errorf("%s: the new password: %v", user, err)
		}
	}
	for _, command := range []string{"ACL SETUSER reload +@all", "ACL LIST", "PING", "GET session:a", "CONFIG GET *"} {
		args := []any{}
		for _, word := range strings.Fields(command) {
			args = append(args, word)
		}
		if err := s.as("reload", among).Do(ctx, args...).Err(); err == nil {
			t.Errorf("who has the users' file read may %s", command)
		}
	}
}
