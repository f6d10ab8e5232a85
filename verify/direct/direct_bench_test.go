package direct_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
)

// BenchmarkVerifyCached is a call of Verify for a cached token. `make bench` compares it
// with the check of a JWT.
func BenchmarkVerifyCached(b *testing.B) {
	f := newFixture(b, devtest.Redis(b))
	d := cached(b, f, direct.Options{})
	raw, _ := f.put(f.typical())
	warm(b, d, raw)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Verify(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyMadeUp is a call for a token with wrong check characters.
func BenchmarkVerifyMadeUp(b *testing.B) {
	f := newFixture(b, devtest.Redis(b))
	d := cached(b, f, direct.Options{})
	raw, _ := f.put(f.typical())
	raw = raw[:7] + strings.Repeat("0", len(raw)-7)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Verify(b.Context(), raw); !errors.Is(err, verify.ErrInvalidToken) {
			b.Fatal(err)
		}
	}
}

// BenchmarkMiss compares ways to read from Redis for one and for many callers.
func BenchmarkMiss(b *testing.B) {
	f := newFixture(b, devtest.Redis(b))
	_, hash := f.put(f.typical())
	raw, _ := f.put(f.typical())
	pipeliner, err := f.redis.AutoPipeline()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = pipeliner.Close() })
	for name, read := range map[string]func() error{
		"plain pool":    func() error { return f.redis.Get(b.Context(), hash.Key()).Err() },
		"auto-pipeline": func() error { return pipeliner.Get(b.Context(), hash.Key()).Err() },
		"ours":          func() error { _, err := f.Verify(b.Context(), raw); return err },
	} {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/%d callers", name, callers), func(b *testing.B) {
				b.SetParallelism(max(1, callers/2))
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := read(); err != nil && err != redis.Nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
	}
}

// BenchmarkSignature is the check of a signature without parsing: a lower bound for any
// JWT library.
func BenchmarkSignature(b *testing.B) {
	message := make([]byte, 400)
	digest := sha256.Sum256(message)
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ecSignature, _ := ecdsa.SignASN1(rand.Reader, ec, digest[:])
	edPublic, ed, _ := ed25519.GenerateKey(rand.Reader)
	edSignature := ed25519.Sign(ed, message)
	rs, _ := rsa.GenerateKey(rand.Reader, 2048)
	rsSignature, _ := rsa.SignPKCS1v15(nil, rs, 5, digest[:])
	for name, check := range map[string]func() bool{
		"ES256": func() bool { d := sha256.Sum256(message); return ecdsa.VerifyASN1(&ec.PublicKey, d[:], ecSignature) },
		"RS256": func() bool {
			d := sha256.Sum256(message)
			return rsa.VerifyPKCS1v15(&rs.PublicKey, 5, d[:], rsSignature) == nil
		},
		"EdDSA": func() bool { return ed25519.Verify(edPublic, message, edSignature) },
		"HS256": func() bool {
			m := hmac.New(sha256.New, digest[:])
			m.Write(message)
			return len(m.Sum(nil)) == 32
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !check() {
					b.Fatal("refused")
				}
			}
		})
	}
}
