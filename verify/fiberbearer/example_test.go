package fiberbearer_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/fiberbearer"
)

func Example() {
	// A service uses a *direct.Verifier here.
	var verifier verify.Verifier = ada{}
	guard := bearer.New(bearer.Options{Verifier: verifier, Audience: "books"})

	app := fiber.New()
	app.Get("/books", fiberbearer.Require(guard, "books:read"), func(c *fiber.Ctx) error {
		who, _ := bearer.FromContext(c.UserContext())
		return c.SendString("books of " + who.Email)
	})

	for _, header := range []string{"Bearer abc", ""} {
		r := httptest.NewRequest("GET", "/books", nil)
		r.Header.Set("Authorization", header)
		answer, err := app.Test(r)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d [%s]\n", answer.StatusCode, answer.Header.Get("WWW-Authenticate"))
	}
	// Output:
	// 200 []
	// 401 [Bearer realm="books"]
}

// ada is a verifier for which every token is Ada's.
type ada struct{}

func (ada) Verify(context.Context, string) (*verify.Principal, error) {
	return &verify.Principal{Account: verify.Account{Email: "ada@books.test"}, Audiences: []string{"books"}, Scopes: []string{"books:read"}}, nil
}
