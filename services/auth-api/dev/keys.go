package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"auth.books.test/internal/wholefile"
	"auth.books.test/services/auth-api/internal/idtoken"
	"auth.books.test/services/auth-api/internal/servicekey"
	"auth.books.test/verify/token"
)

// keys are the key rings that a development server makes for itself. A ring that the
// environment sets is empty here.
type keys struct{ token, service, signing string }

// developmentKeys reads the keys from the folder, or creates them there, so that tokens
// remain valid after a restart.
func developmentKeys(dir string) (made keys, err error) {
	if !tokenKeyIsGiven() {
		made.token, err = keepKey(filepath.Join(dir, "token.key"), keyKind{"token key", func() string { return randomKey() + ":" + token.Keyed }, "all sign-ins have ended", func(s string) error {
			_, err := token.ParseKeyRing(s)
			return err
		}})
	}
	if err == nil && !isGiven("AUTH_API_SERVICE_KEY") {
		made.service, err = keepKey(filepath.Join(dir, "service.key"), keyKind{"service key", randomKey, "nothing that the old one made is accepted", func(s string) error {
			_, err := servicekey.Parse(s)
			return err
		}})
	}
	if err == nil && !isGiven("AUTH_API_SIGNING_KEY") {
		made.signing, err = keepKey(filepath.Join(dir, "signing.key"), keyKind{"signing key", signingKey, "apps do not accept ID tokens from before", func(s string) error {
			_, err := idtoken.ParseKeys(s)
			return err
		}})
	}
	return made, err
}

func tokenKeyIsGiven() bool { return isGiven("SESSION_DB_TOKEN_KEY") }

// isGiven says whether the environment has a secret, or the name of its file.
func isGiven(variable string) bool {
	return os.Getenv(variable) != "" || os.Getenv(variable+"_FILE") != ""
}

// keyKind describes one of the keys.
type keyKind struct {
	name string
	make func() string
	// loss says what a new key makes invalid.
	loss  string
	check func(string) error
}

func randomKey() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // It never fails.
	return "d1:" + base64.StdEncoding.EncodeToString(secret)
}

// signingKey makes an RSA key, in a tenth of a second.
func signingKey() string {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // It fails only for a bad size, or without randomness.
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err) // It fails only for other kinds of keys.
	}
	return "d1:" + base64.StdEncoding.EncodeToString(der)
}

// keepKey reads the key in a file, or creates it.
func keepKey(file string, kind keyKind) (string, error) {
	b, err := wholefile.ReadOrCreate(file, 0o600, func() []byte { return []byte(kind.make()) })
	if err != nil {
		return "", fmt.Errorf("keep the %s: %w", kind.name, err)
	}
	key := strings.TrimSpace(string(b))
	if err := kind.check(key); err != nil {
		return "", fmt.Errorf("%s holds no %s (%w). Put back what was in it; or remove it, and the next start makes a new key, with which %s: rm %[1]s", file, kind.name, err, kind.loss)
	}
	return key, nil
}
