package clients_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"auth.books.test/internal/servicetest"
)

// cast are the clients that both sides know.
type cast struct {
	Issuer   string     `json:"issuer"`
	Callback string     `json:"callback"`
	Books    string     `json:"books"`
	App      registered `json:"app"`
	// Other is another app, and Posting another program: it sends its secret in the form.
	Other      registered         `json:"other"`
	Public     registered         `json:"public"`
	Program    registered         `json:"program"`
	Posting    registered         `json:"posting"`
	Signer     registered         `json:"signer"`
	SignerKeys jose.JSONWebKeySet `json:"signerKeys"`
	API        registered         `json:"api"`

	key *ecdsa.PrivateKey
}

// Both get the same requests, good and bad. What they answer differently is known, with the
// reason; anything else is a fault of one of them, or a new version of the peer.
func TestSameRequestsGetTheAnswersOfAnotherAuthorizationServer(t *testing.T) {
	t.Parallel()
	modern(t)
	dir := project(t, "oidc-provider", "testdata/oidc-provider/peer.mjs")
	s := authorize(t)
	clients := s.cast(t)
	ours := newSide(t, s.url, clients)
	theirs := newSide(t, servePeer(t, dir, *clients), clients)
	for _, p := range probes() {
		t.Run(p.name, func(t *testing.T) {
			mine, peers := *ours, *theirs
			mine.t, peers.t = t, t
			p.compare(t, mine.try(p), peers.try(p))
		})
	}
}

// cast registers the clients.
func (s *authorizationServer) cast(t *testing.T) *cast {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	posting := s.register(t, "--name", "posting program", "--grant", "client_credentials", "--audience", "books")
	s.command(t, "role", "grant", posting.ID, "books", "reader")
	return &cast{
		Callback: callback, Books: booksURL, App: s.app, Public: s.public, Program: s.program, Posting: posting, API: s.api, key: key,
		Other:      s.register(t, "--name", "other app", "--redirect-uri", callback, "--audience", "books"),
		Signer:     s.withKey(t, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		SignerKeys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), Use: "sig", Algorithm: string(jose.ES256)}}},
	}
}

// servePeer runs the peer with the clients, and returns its URL.
func servePeer(t *testing.T, dir string, clients cast) string {
	t.Helper()
	clients.Issuer = "http://" + servicetest.Address(t)
	told, err := json.Marshal(clients)
	if err != nil {
		t.Fatal(err)
	}
	return servicetest.Serve(t, "node", servicetest.Settings{"PEER": string(told)}, dir+"/peer.mjs").URL
}
