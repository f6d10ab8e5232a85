package direct

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/cache"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

// DefaultCacheBytes is enough for about a hundred thousand tokens.
const DefaultCacheBytes = 64 << 20

// Options of a Verifier. The zero value is suitable for production.
type Options struct {
	// Strict turns the cache off: every call reads from Redis, and no answer is older
	// than the call.
	Strict bool
	// CacheBytes limits the memory of cached tokens; default DefaultCacheBytes.
	CacheBytes int64
	// Bound is how long at most a revoked token may still be accepted, whatever fails;
	// default cache.DefaultBound, at most cache.MaxBound.
	Bound time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Log gets a line when the cache starts or stops being served; default
	// slog.Default().
	Log *slog.Logger
	// Damaged, if set, is called with a token whose record cannot be decoded or was not
	// made with the ring. auth-api rewrites it. The function must not block.
	Damaged func(token.Hash)
	// Notify, if set, is called with the events that Log reports. It must not block.
	Notify func(cache.Event)
}

// Verifier verifies tokens against Redis, and from memory as long as Redis reports no
// change. It needs a client with a short read timeout (see Connect) and the key ring of the
// service that issues the tokens.
type Verifier struct {
	client redis.Cmdable
	// closeClient is nil if the client is the caller's.
	closeClient func() error
	ring        *token.KeyRing
	cache       *cache.Cache[token.Hash, known]
	uses        *uses // nil if every call reads from Redis
	now         func() time.Time
	// madeUp counts tokens that were refused because of their check characters.
	madeUp atomic.Uint64
	// badRecords counts reads that found no valid record.
	badRecords atomic.Uint64
	damaged    func(token.Hash)
	log        *slog.Logger
}

// Stats are the cache's and two counters since the start.
type Stats struct {
	cache.Stats
	// MadeUp counts tokens with wrong check characters, refused without a read.
	MadeUp uint64
	// BadRecords counts reads of a key without a record that the ring can authenticate.
	BadRecords uint64
}

// New makes a verifier and does not wait for Redis. Close ends its background work and leaves
// the client open.
func New(client redis.Cmdable, ring *token.KeyRing, o Options) (*Verifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	if o.Strict {
		o.CacheBytes = 0
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	decoder := record.NewDecoder(ring)
	cached, err := cache.New(cache.Options[token.Hash, known]{
		Client: client, Prefix: token.KeyPrefix, Marker: token.RebuiltKey, UntrustedPrefix: token.UntrustedPrefix, Key: token.Hash.Key, Parse: token.ParseKey,
		Hash: func(h token.Hash) uint64 { return binary.LittleEndian.Uint64(h[:8]) },
		DecodeString: func(h token.Hash, text string) (*known, error) {
			principal, err := decoder.Decode(h, text)
			if err != nil {
				return nil, err
			}
			k := &known{principal: *principal}
			k.reported.Store(o.Now().Unix()) // Redis noticed the read itself
			return k, nil
		},
		Size:  sizeOf,
		Bytes: o.CacheBytes, Bound: o.Bound, Now: o.Now, Notify: o.notify,
	})
	if err != nil {
		return nil, fmt.Errorf("make a verifier: %w", err)
	}
	v := &Verifier{client: client, ring: ring, cache: cached, now: o.Now, damaged: o.Damaged, log: o.Log}
	if o.CacheBytes > 0 {
		v.uses = reportUses(client, o.Log)
	}
	return v, nil
}

// Verify returns the principal of the token. The principal is shared: do not change it.
// Errors: verify.ErrInvalidToken, verify.ErrUnavailable.
func (v *Verifier) Verify(ctx context.Context, accessToken string) (*verify.Principal, error) {
	t, err := token.Parse(accessToken)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", verify.ErrInvalidToken, err)
	}
	return v.verify(ctx, t)
}

// VerifyBrowser is Verify for the token in a browser's cookie, which is no bearer token. Only
// auth-api's own pages take it.
func (v *Verifier) VerifyBrowser(ctx context.Context, cookie string) (*verify.Principal, error) {
	t, err := token.ParseBrowser(cookie)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", verify.ErrInvalidToken, err)
	}
	return v.verify(ctx, t)
}

func (v *Verifier) verify(ctx context.Context, t token.Token) (*verify.Principal, error) {
	hash, err := v.ring.Hash(t)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", verify.ErrInvalidToken, err)
	}
	now := v.now()
	k := v.cache.Known(hash, now)
	if k == nil {
		if k, err = v.read(ctx, t, hash, now); err != nil {
			return nil, err
		}
	}
	// Redis drops expired records by its own clock. The times in the record count.
	if k == nil || !now.Before(k.principal.EndsAt()) {
		return nil, verify.ErrInvalidToken
	}
	if v.uses != nil {
		v.uses.note(k, now)
	}
	return &k.principal, nil
}

// read reads the record of a token that is not cached, unless its check characters are
// wrong: made-up tokens cost no read (BenchmarkVerifyMadeUp).
func (v *Verifier) read(ctx context.Context, t token.Token, hash token.Hash, now time.Time) (*known, error) {
	if err := v.ring.Check(t); err != nil {
		v.madeUp.Add(1)
		return nil, fmt.Errorf("%w: %w", verify.ErrInvalidToken, err)
	}
	k, err := v.cache.Read(ctx, hash, now)
	if err != nil {
		if errors.Is(err, record.ErrInvalid) || redis.HasErrorPrefix(err, "WRONGTYPE") {
			v.reportDamage(hash, err)
		}
		return nil, fmt.Errorf("%w: read a token's record: %w", verify.ErrUnavailable, err)
	}
	return k, nil
}

// reportDamage counts a damaged record and calls damaged. It logs only the first, so that
// nobody who can write to Redis can flood the log.
func (v *Verifier) reportDamage(h token.Hash, err error) {
	if v.badRecords.Add(1) == 1 {
		v.log.Error("a token's record in Redis was changed by another program, or has another version: the token is answered with 503 until auth-api has rewritten the record", "key", h.Key(), "error", err)
	}
	if v.damaged != nil {
		v.damaged(h)
	}
}

// Forget drops cached tokens whose records this process has just changed. Otherwise they
// would be accepted until Redis reports the change.
func (v *Verifier) Forget(hashes ...token.Hash) { v.cache.Forget(hashes...) }

// Stats returns the gauges and counters.
func (v *Verifier) Stats() Stats {
	return Stats{Stats: v.cache.Stats(), MadeUp: v.madeUp.Load(), BadRecords: v.badRecords.Load()}
}

// Close reports the last uses to Redis, ends the tracking connections, and closes the client
// that Connect has made.
func (v *Verifier) Close() error {
	if v.uses != nil {
		v.uses.close()
	}
	err := v.cache.Close()
	if v.closeClient != nil {
		err = errors.Join(err, v.closeClient())
	}
	return err
}

func (o Options) notify(e cache.Event) {
	switch e.Kind {
	case cache.Up:
		o.Log.Info("tokens are verified from memory, Redis reports changes")
	case cache.Down:
		o.Log.Warn("every verification reads from Redis, until it reports changes again", "error", e.Err)
	case cache.Unsupported:
		o.Log.Warn("every verification reads from Redis, which does not report changes", "error", e.Err)
	}
	if o.Notify != nil {
		o.Notify(e)
	}
}

// sizeOf returns how many bytes a token takes at most: equal lists are mostly shared. It
// uses unsafe for Sizeof only, which reads no memory.
func sizeOf(k *known) int64 {
	p := &k.principal
	n := unsafe.Sizeof(*k) + uintptr(len(p.Subject)+len(p.Client)+len(p.Authorization)+len(p.Email)+len(p.Name))
	for _, list := range [][]string{p.Audiences, p.Scopes, p.AuthenticatedBy} {
		for _, word := range list {
			n += unsafe.Sizeof(word) + uintptr(len(word))
		}
	}
	return int64(n)
}
