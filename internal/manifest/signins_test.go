package manifest_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

// issued is a token with its record, as auth-api writes it.
type issued struct {
	text   string
	hash   token.Hash
	record []byte
}

func mint(t *testing.T, ring *token.KeyRing) issued {
	t.Helper()
	made, hash, err := ring.Mint(rand.Reader, token.Access)
	if err != nil {
		t.Fatal(err)
	}
	ends := time.Now().Add(time.Hour)
	record, err := record.Encode(ring, verify.Principal{
		Hash: hash,
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", Account: verify.Account{Email: "ada@books.test"},
		IssuedAt: time.Now(), ExpiresAt: ends, IdleExpiresAt: ends,
	})
	if err != nil {
		t.Fatal(err)
	}
	return issued{made.Reveal(), hash, record}
}

// put writes the record as auth-api does.
func (i issued) put(ctx context.Context, client redis.UniversalClient) error {
	return client.SetArgs(ctx, i.hash.Key(), i.record, redis.SetArgs{ExpireAt: time.Now().Add(time.Hour)}).Err()
}

// signIns writes tokens until it is stopped.
type signIns struct {
	mu           sync.Mutex // guards acknowledged and longest
	acknowledged []issued
	longest      time.Duration
	cancel       context.CancelFunc
	ended        chan struct{}
}

func (c *trio) signIns(api redis.UniversalClient, ring *token.KeyRing) *signIns {
	ctx, cancel := context.WithCancel(c.t.Context())
	s := &signIns{cancel: cancel, ended: make(chan struct{})}
	c.t.Cleanup(func() { s.stop() })
	go func() {
		defer close(s.ended)
		last := time.Now()
		for ctx.Err() == nil {
			i := mint(c.t, ring)
			call, cancel := context.WithTimeout(ctx, time.Second)
			err := i.put(call, api)
			cancel()
			if err != nil {
				continue
			}
			s.mu.Lock()
			s.acknowledged = append(s.acknowledged, i)
			s.longest = max(s.longest, time.Since(last))
			s.mu.Unlock()
			last = time.Now()
		}
	}()
	return s
}

// reach waits for n more acknowledged writes.
func (s *signIns) reach(n int) func(context.Context) error {
	count := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.acknowledged)
	}
	begun := count()
	return func(context.Context) error {
		if now := count(); now < begun+n {
			return fmt.Errorf("%d of %d", now-begun, n)
		}
		return nil
	}
}

func (s *signIns) stop() ([]issued, time.Duration) {
	s.cancel()
	<-s.ended
	return s.acknowledged, s.longest
}

func newRing(t *testing.T) *token.KeyRing {
	t.Helper()
	ring, err := token.ParseKeyRing("t1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func newVerifier(t *testing.T, client redis.UniversalClient, ring *token.KeyRing) *direct.Verifier {
	t.Helper()
	v, err := direct.New(client, ring, direct.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}
