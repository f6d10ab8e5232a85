package bearer_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

// The ten lines that an API needs.
func Example() {
	url, ring, accessToken := signedIn("ada@books.test", "books", "books:read")

	verifier, err := direct.Connect(url, ring, direct.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()
	guard := bearer.New(bearer.Options{Verifier: verifier, Audience: "books"})

	mux := http.NewServeMux()
	mux.Handle("GET /books", guard.Require("books:read")(http.HandlerFunc(list)))
	mux.Handle("POST /books", guard.Require("books:write")(http.HandlerFunc(list)))

	for _, c := range [][2]string{{"GET", "Bearer " + accessToken}, {"GET", ""}, {"GET", "Bearer nonsense"}, {"POST", "Bearer " + accessToken}} {
		r := httptest.NewRequest(c[0], "/books", nil)
		if c[1] != "" {
			r.Header.Set("Authorization", c[1])
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Printf("%d [%s]\n", w.Code, w.Header().Get("WWW-Authenticate"))
	}
	// Output:
	// books of ada@books.test
	// 200 []
	// 401 [Bearer realm="books"]
	// 401 [Bearer realm="books", error="invalid_token"]
	// 403 [Bearer realm="books", error="insufficient_scope", scope="books:write"]
}

// list is a handler behind a guard.
func list(_ http.ResponseWriter, r *http.Request) {
	who, _ := bearer.FromContext(r.Context())
	fmt.Println("books of", who.Email)
}

// An API that serves people and machines differently asks the guard itself.
func ExampleGuard_Check() {
	url, ring, accessToken := signedIn("ada@books.test", "books", "books:read")
	verifier, err := direct.Connect(url, ring, direct.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()
	guard := bearer.New(bearer.Options{
		Verifier: verifier, Audience: "books",
		OnRefusal: func(_ context.Context, r *bearer.Refusal) { fmt.Println("refused:", r.Code) },
	})
	ctx := context.Background()
	who, refusal := guard.Check(ctx, bearer.Credentials{Authorization: "Bearer " + accessToken, Headers: 1}, "books:read")
	fmt.Println(who.Email, refusal == nil)
	_, refusal = guard.Check(ctx, bearer.Credentials{})
	fmt.Println(refusal.Status, refusal.Challenge)
	// Output:
	// ada@books.test true
	// refused: missing_token
	// 401 Bearer realm="books"
}

// signedIn starts a Redis and writes a record into it, as auth-api does at a sign-in.
func signedIn(email, audience, scope string) (url string, ring *token.KeyRing, accessToken string) {
	store, err := miniredis.Run()
	if err != nil {
		log.Fatal(err)
	}
	if ring, err = token.ParseKeyRing("k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="); err != nil {
		log.Fatal(err)
	}
	made, hash, err := ring.Mint(rand.Reader, token.Access)
	if err != nil {
		log.Fatal(err)
	}
	in := time.Now().Add(time.Hour)
	record, err := record.Encode(ring, verify.Principal{
		Hash: hash,
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c",
		Account: verify.Account{Email: email}, Audiences: []string{audience}, Scopes: []string{scope}, IssuedAt: time.Now(), ExpiresAt: in, IdleExpiresAt: in,
	})
	if err == nil {
		err = store.Set(hash.Key(), string(record))
	}
	if err != nil {
		log.Fatal(err)
	}
	return "redis://" + store.Addr(), ring, made.Reveal()
}
