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

// DefaultCacheBytes holds about a hundred thousand tokens.
const DefaultCacheBytes = 64 << 20

// Options of a Verifier. The zero value is fit for production.
type Options struct {
	// Strict keeps nothing in memory: every call reads from Redis, and no answer
	// is ever older than the call.
	Strict bool
	// CacheBytes bounds the memory of tokens that are kept; default DefaultCacheBytes.
	CacheBytes int64
	// Bound is how long a revoked token may pass at most, whatever breaks;
	// default cache.DefaultBound, at most cache.MaxBound.
	Bound time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Log has a line when memory begins and ceases to be kept in line with Redis;
	// default slog.Default().
	Log *slog.Logger
	// Damaged is told of tokens whose record cannot be read or was not made with the
	// ring: auth-api writes it anew. It must not block.
	Damaged func(token.Hash)
	// Notify is told the same, for metrics; it must not block.
	Notify func(cache.Event)
}

// Verifier verifies against Redis, from memory where Redis has said nothing else
// since. It needs a client whose read deadline is short (see Open) and the key
// ring of the service that gives out the tokens.
type Verifier struct {
	ring  *token.KeyRing
	cache *cache.Cache[token.Hash, known]
	uses  *uses // nil where every call reads from Redis
	now   func() time.Time
	// madeUp counts tokens that were refused for their check characters.
	madeUp atomic.Uint64
	// badRecords counts reads that found something else than a record of ours.
	badRecords atomic.Uint64
	damaged    func(token.Hash)
	log        *slog.Logger
}

// Stats count since the start, but for those of the cache that are of now.
type Stats struct {
	cache.Stats
	// MadeUp tokens had wrong check characters and were refused without a read.
	MadeUp uint64
	// BadRecords are reads of a key that holds no record that the ring vouches for.
	BadRecords uint64
}

// New makes a verifier; Close ends what it does in the background. It does
// not wait for Redis. The client stays the caller's.
func New(client redis.UniversalClient, ring *token.KeyRing, o Options) (*Verifier, error) {
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
	kept, err := cache.New(cache.Options[token.Hash, known]{
		Client: client, Prefix: token.KeyPrefix, Marker: token.RebuiltKey, UntrustedPrefix: token.EvictingPrefix, Key: token.Hash.Key, Parse: token.ParseKey,
		Hash: func(h token.Hash) uint64 { return binary.LittleEndian.Uint64(h[:8]) },
		DecodeString: func(h token.Hash, text string) (*known, error) {
			principal, err := decoder.Decode(h, text)
			if err != nil {
				return nil, err
			}
			k := &known{principal: *principal}
			k.told.Store(o.Now().Unix()) // by the read
			return k, nil
		},
		Size:  sizeOf,
		Bytes: o.CacheBytes, Bound: o.Bound, Now: o.Now, Notify: o.notify,
	})
	if err != nil {
		return nil, fmt.Errorf("make a verifier: %w", err)
	}
	v := &Verifier{ring: ring, cache: kept, now: o.Now, damaged: o.Damaged, log: o.Log}
	if o.CacheBytes > 0 {
		v.uses = tellUses(client, o.Log)
	}
	return v, nil
}

// Verify tells for whom the token stands. The principal is shared: do not change it.
// Errors: verify.ErrInvalidToken, verify.ErrUnavailable.
func (v *Verifier) Verify(ctx context.Context, accessToken string) (*verify.Principal, error) {
	t, err := token.Parse(accessToken)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", verify.ErrInvalidToken, err)
	}
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
	// Redis drops expired records by its own clock; a verifier trusts the record.
	if k == nil || !now.Before(k.principal.EndsAt()) {
		return nil, verify.ErrInvalidToken
	}
	if v.uses != nil {
		v.uses.note(k, now)
	}
	return &k.principal, nil
}

// read asks Redis for a token that memory does not know, unless it is made up.
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

// reportDamage counts and passes on what is no record of ours. Only the first is
// logged: whoever writes to Redis must not be able to fill the log.
func (v *Verifier) reportDamage(h token.Hash, err error) {
	if v.badRecords.Add(1) == 1 {
		v.log.Error("a token's record in Redis was changed by another program, or is of another version: it is answered with 503 until auth-api has written it anew", "key", h.Key(), "error", err)
	}
	if v.damaged != nil {
		v.damaged(h)
	}
}

// Forget drops what is known of tokens whose records this process has just
// changed: its own next answer then does not wait for Redis to say so.
func (v *Verifier) Forget(hashes ...token.Hash) { v.cache.Forget(hashes...) }

// Stats tell how verification does.
func (v *Verifier) Stats() Stats {
	return Stats{Stats: v.cache.Stats(), MadeUp: v.madeUp.Load(), BadRecords: v.badRecords.Load()}
}

// Close tells Redis of the last uses, and ends the connection that follows changes.
func (v *Verifier) Close() error {
	if v.uses != nil {
		v.uses.close()
	}
	return v.cache.Close()
}

func (o Options) notify(e cache.Event) {
	switch e.Kind {
	case cache.Up:
		o.Log.Info("tokens are verified from memory, Redis tells of changes")
	case cache.Down:
		o.Log.Warn("every verification reads from Redis, until it tells of changes again", "error", e.Err)
	case cache.Unsupported:
		o.Log.Warn("every verification reads from Redis, which does not tell of changes", "error", e.Err)
	}
	if o.Notify != nil {
		o.Notify(e)
	}
}

// weigh gives the bytes that a principal takes at most: its lists are mostly shared.
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
