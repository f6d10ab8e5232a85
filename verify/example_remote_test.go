package verify_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"auth.books.test/verify"
)

// An API without access to Redis asks auth-api, with credentials of its own.
func ExampleNewRemote() {
	authAPI := httptest.NewServer(http.HandlerFunc(introspect))
	defer authAPI.Close()

	verifier, err := verify.NewRemote(verify.RemoteOptions{
		URL:      authAPI.URL, // https://auth.books.test
		ClientID: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", ClientSecret: "bcs_…",
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, token := range []string{live, "nonsense"} {
		who, err := verifier.Verify(context.Background(), token)
		switch {
		case errors.Is(err, verify.ErrInvalidToken):
			fmt.Println("401")
		case err != nil:
			fmt.Println("503", err)
		default:
			fmt.Println("200", who.Email, who.Audiences, who.Scopes)
		}
	}
	authAPI.Close()
	_, err = verifier.Verify(context.Background(), live)
	fmt.Println(errors.Is(err, verify.ErrUnavailable))
	// Output:
	// 200 ada@books.test [books] [books:read books:write]
	// 401
	// true
}

// introspect responds like auth-api.
func introspect(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.PostFormValue("token") != live {
		fmt.Fprint(w, `{"active":false}`)
		return
	}
	fmt.Fprint(w, active)
}
