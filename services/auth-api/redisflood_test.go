package main_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

// Whoever has the password of a verifier may ask and never read the answers. They
// pile up in Redis, which must cut them off before it is full for auth-api.
func TestVerifiersThatNeverReadDoNotFillRedis(t *testing.T) {
	t.Parallel()
	const connections = 30
	r := newClusterRedis(t, "")
	ctx := t.Context()
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		t.Fatal(err)
	}
	ends := time.Now().Add(time.Hour)
	record, err := record.Encode(ring, verify.Principal{
		IssuedAt: time.Now(), ExpiresAt: ends, IdleExpiresAt: ends,
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c",
		Account: verify.Account{Email: strings.Repeat("a", 240) + "@books.test", Name: strings.Repeat("n", 60)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.admin.Set(ctx, "session:a", record, 0).Err(); err != nil {
		t.Fatal(err)
	}
	limit, err := strconv.Atoi(r.admin.ConfigGet(ctx, "maxmemory").Val()["maxmemory"])
	if err != nil || limit == 0 {
		t.Fatalf("maxmemory: %d, %v", limit, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var flood sync.WaitGroup
	for range connections {
		flood.Go(func() { neverRead(ctx, r.Addr, r.users["verifier"]) })
	}
	over := make(chan struct{})
	go func() {
		flood.Wait()
		close(over)
	}()
	// With patience: the flood keeps Redis's one processor busy, too.
	api := redis.NewClient(&redis.Options{Addr: r.Addr, Username: "auth-api", Password: r.users["auth-api"], DisableIdentity: true, ReadTimeout: time.Minute, MaxRetries: -1})
	defer api.Close()
	most, writes := 0, 0
	for done := false; !done; writes++ {
		select {
		case <-over:
			done = true
		default:
		}
		if err := api.Set(ctx, fmt.Sprintf("session:%d", writes%100), record, 0).Err(); err != nil {
			t.Fatalf("write %d: %v, with at most %d MB used before", writes, err, most>>20)
		}
		most = max(most, r.number("memory", "used_memory"))
	}
	t.Logf("%d writes until all were cut off, at most %d MB used", writes, most>>20)
	if ctx.Err() != nil || most >= limit {
		t.Errorf("%v; %d bytes used, the limit is %d", ctx.Err(), most, limit)
	}
}

// number is a field of INFO.
func (r *clusterRedis) number(section, field string) int {
	r.t.Helper()
	info, err := r.admin.Info(r.t.Context(), section).Result()
	if err != nil {
		return 0 // busy
	}
	_, after, _ := strings.Cut(info, "\n"+field+":")
	n, _ := strconv.Atoi(strings.TrimSpace(after[:max(0, strings.IndexByte(after, '\r'))]))
	return n
}

// neverRead asks for the same record until Redis cuts the connection off.
func neverRead(ctx context.Context, addr, password string) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := io.WriteString(conn, "AUTH verifier "+password+"\r\n"); err != nil {
		return
	}
	ask := []byte(strings.Repeat("HGETALL session:a\r\n", 1000))
	for err == nil {
		_, err = conn.Write(ask)
	}
}
