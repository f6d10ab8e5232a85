package clients_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"testing"
)

// world is what a script is told of the authorization server, as JSON.
type world struct {
	Issuer   string     `json:"issuer"`
	Browser  string     `json:"browser"`
	Email    string     `json:"email"`
	Callback string     `json:"callback"`
	Farewell string     `json:"farewell"`
	Books    string     `json:"books"`
	App      registered `json:"app"`
	Public   registered `json:"public"`
	Program  registered `json:"program"`
	API      registered `json:"api"`
	Signer   registered `json:"signer"`
	// Keys are the private keys of Signer in PKCS #8, by the name that the Web Cryptography
	// API has for their kind.
	Keys map[string]string `json:"keys"`
}

// A relying party that nobody here wrote goes through every flow, and through what can go
// wrong in each. Its own checks are a part of that: what it does not like is an error there.
func TestJavaScriptRelyingPartiesGoThroughEveryFlow(t *testing.T) {
	t.Parallel()
	modern(t)
	for _, library := range []string{"oauth4webapi", "openid-client"} {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			dir := project(t, library, "testdata/world.mjs", "testdata/"+library+"/client.mjs")
			told, err := json.Marshal(worldOf(t))
			if err != nil {
				t.Fatal(err)
			}
			run(t, dir, []string{"WORLD=" + string(told)}, "node", "client.mjs")
		})
	}
}

func worldOf(t *testing.T) world {
	t.Helper()
	s := authorize(t)
	keys, public := pairs(t)
	return world{
		Issuer: s.url, Browser: serveBrowsers(t, s.url), Email: email, Callback: callback, Farewell: farewell, Books: booksURL,
		App: s.app, Public: s.public, Program: s.program, API: s.api, Signer: s.withKey(t, public), Keys: keys,
	}
}

// pairs makes a pair of keys of each kind. The public ones are in PEM, in one file.
func pairs(t *testing.T) (private map[string]string, public []byte) {
	t.Helper()
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	modulus, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private = map[string]string{}
	var file bytes.Buffer
	for _, pair := range []struct {
		name            string
		private, public any
	}{{"Ed25519", edwards, edwards.Public()}, {"ECDSA", curve, curve.Public()}, {"RSA", modulus, modulus.Public()}} {
		secret, err := x509.MarshalPKCS8PrivateKey(pair.private)
		if err != nil {
			t.Fatal(err)
		}
		private[pair.name] = base64.StdEncoding.EncodeToString(secret)
		der, err := x509.MarshalPKIXPublicKey(pair.public)
		if err != nil {
			t.Fatal(err)
		}
		if err := pem.Encode(&file, &pem.Block{Type: "PUBLIC KEY", Bytes: der}); err != nil {
			t.Fatal(err)
		}
	}
	return private, file.Bytes()
}
