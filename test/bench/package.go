package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"runtime"
	"time"

	// The most used JWT library for Go: what others would do instead.
	"github.com/golang-jwt/jwt/v5"

	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

const (
	packageBar    = 500 * time.Nanosecond
	allocationBar = 1.0
	es256Bar      = 100.0
)

// direct is package verify as an API uses it.
func (st *stack) direct(o direct.Options) (*direct.Verifier, error) {
	ring, err := token.ParseKeyRing(st.tokenKey)
	if err != nil {
		return nil, err
	}
	return direct.Connect(st.redis.URL, ring, o)
}

// measurePackage compares a call of direct.Verifier.Verify with the check of a JWT
// of the same content, in turns, on one goroutine.
func measurePackage(ctx context.Context, st *stack, s settings, t *table) error {
	var accessToken string
	err := st.serving(ctx, func(api *program) (err error) {
		accessToken, _, err = st.onlyToken(ctx, api)
		return err
	})
	if err != nil {
		return err
	}
	d, err := st.direct(direct.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	if err := inMemory(ctx, d, accessToken); err != nil {
		return err
	}
	if err := st.measureMadeUp(ctx, s, t, d, accessToken); err != nil {
		return err
	}
	ours := func() error { _, err := d.Verify(ctx, accessToken); return err }
	names := []string{"`verify`, from memory", "ES256", "RS256", "HS256"}
	each := []measured{repeated(ours)}
	for _, method := range []jwt.SigningMethod{jwt.SigningMethodES256, jwt.SigningMethodRS256, jwt.SigningMethodHS256} {
		check, err := jwtCheck(method)
		if err != nil {
			return err
		}
		each = append(each, repeated(check))
	}
	results, err := inTurns(ctx, s.rounds, s.duration/3, each...)
	if err != nil {
		return err
	}
	took := over(results[0], func(_ int, r result) float64 { return 1e9 / r.perSecond })
	t.judge("a call of `verify`, from memory", took.digits(0)+" ns", fmt.Sprintf("under %d ns", packageBar.Nanoseconds()), took.median < float64(packageBar))
	allocated := allocations(ours)
	// What goes on beside allocates a little, too.
	t.judge("… its allocations", fmt.Sprintf("%.2f", allocated), fmt.Sprintf("at most %.0f", allocationBar), allocated < allocationBar+0.05)
	for i, name := range names[1:] {
		took := over(results[i+1], func(_ int, r result) float64 { return 1e6 / r.perSecond })
		faster := ratios(results[0], results[i+1])
		value := fmt.Sprintf("%s µs, `verify` is %s times as fast", took.digits(1), faster.digits(0))
		if name == "ES256" {
			t.judge("the check of a JWT, ES256", value, fmt.Sprintf("at least %.0f times", es256Bar), faster.median >= es256Bar)
			continue
		}
		t.add("the check of a JWT, "+name, value)
	}
	return nil
}

// inMemory waits until a token is answered from memory.
func inMemory(ctx context.Context, d *direct.Verifier, accessToken string) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		hits := d.Stats().Hits
		if _, err := d.Verify(ctx, accessToken); err != nil {
			return fmt.Errorf("verify a live token: %w", err)
		}
		if d.Stats().Hits > hits {
			return nil
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("the token is not answered from memory")
}

// repeated calls one function again and again.
func repeated(call func() error) measured {
	const batch = 32 // so that the clock is no part of what is measured
	return func(ctx context.Context, d time.Duration) (result, error) {
		began := time.Now()
		n := 0
		for time.Since(began) < d && ctx.Err() == nil {
			for range batch {
				if err := call(); err != nil {
					return result{}, err
				}
			}
			n += batch
		}
		return result{perSecond: float64(n) / time.Since(began).Seconds()}, ctx.Err()
	}
}

func allocations(call func() error) float64 {
	const calls = 100_000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		_ = call()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / calls
}

// jwtCheck parses and verifies a token with the claims of an identity.
func jwtCheck(method jwt.SigningMethod) (func() error, error) {
	private, public, err := jwtKeys(method)
	if err != nil {
		return nil, err
	}
	signed, err := jwt.NewWithClaims(method, jwt.MapClaims{
		"sid": "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", "sub": "01a20cde-60c7-7b5a-afaa-bf4c69d1787c", "email": email,
		"aud": []string{"books", "shop"}, "scope": "account books:read books:write shop:buy", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(private)
	if err != nil {
		return nil, fmt.Errorf("sign a JWT: %w", err)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{method.Alg()}), jwt.WithExpirationRequired())
	return func() error {
		_, err := parser.Parse(signed, func(*jwt.Token) (any, error) { return public, nil })
		return err
	}, nil
}

func jwtKeys(method jwt.SigningMethod) (private, public any, err error) {
	switch method {
	case jwt.SigningMethodES256:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		return key, &key.PublicKey, nil
	case jwt.SigningMethodRS256:
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, nil, err
		}
		return key, &key.PublicKey, nil
	default:
		key := make([]byte, 32)
		_, err := rand.Read(key)
		return key, key, err
	}
}
