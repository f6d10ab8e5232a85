package cli

import (
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/client"
)

// clientFlags are what may be said of a client when it is created and later.
type clientFlags struct {
	name, key, algorithm                                        string
	redirectURIs, logoutURIs, origins, grantedTypes, allowedFor []string
	firstParty, noPKCE, native                                  bool
}

func (f *clientFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.name, "name", "", "what uses the client: for the list, and of an app for the people whom it asks")
	list := func(to *[]string, name, usage string) {
		flags.StringArrayVar(to, name, nil, usage+"; may be given several times")
	}
	list(&f.redirectURIs, "redirect-uri", "where people are sent when they have signed in")
	list(&f.logoutURIs, "logout-uri", "where people may be sent when they have signed out")
	list(&f.origins, "origin", "origin of a page that may call the token endpoint, such as https://app.example")
	list(&f.grantedTypes, "grant", "authorization_code, refresh_token or client_credentials; create takes the first two if there is a redirect URI")
	list(&f.allowedFor, "audience", "an API that its tokens may be for")
	flags.BoolVar(&f.firstParty, "first-party", false, "it is of the same owner as this service: people are not asked for consent")
	flags.BoolVar(&f.noPKCE, "no-pkce", false, "it cannot do PKCE (RFC 7636); only for clients with a secret or a key")
	flags.StringVar(&f.key, "key", "", "file with its public keys, in PEM or as a JWK set: it signs assertions and has no secret (RFC 7523)")
	flags.StringVar(&f.algorithm, "id-token-algorithm", "", "RS256 or ES256")
}

// read returns the change that the flags say: those that were not given change nothing.
func (f *clientFlags) read(c *cobra.Command) (func(*client.Registration), error) {
	given := c.Flags().Changed
	keys := ""
	if given("key") {
		text, err := os.ReadFile(f.key)
		if err != nil {
			return nil, fmt.Errorf("read the keys of the client: %w", err)
		}
		keys = string(text)
	}
	return func(r *client.Registration) {
		set(given("name"), &r.Name, f.name)
		set(given("key"), &r.Keys, keys)
		set(given("id-token-algorithm"), &r.IDTokenAlgorithm, f.algorithm)
		set(given("redirect-uri"), &r.RedirectURIs, filled(f.redirectURIs))
		set(given("logout-uri"), &r.LogoutURIs, filled(f.logoutURIs))
		set(given("origin"), &r.Origins, filled(f.origins))
		set(given("audience"), &r.Audiences, filled(f.allowedFor))
		set(given("first-party"), &r.FirstParty, f.firstParty)
		set(given("no-pkce"), &r.PKCEExempt, f.noPKCE)
		if given("grant") {
			r.Grants = nil
			for _, g := range filled(f.grantedTypes) {
				r.Grants = append(r.Grants, client.Grant(g))
			}
		}
	}, nil
}

func set[T any](given bool, to *T, value T) {
	if given {
		*to = value
	}
}

// filled leaves out empty entries: an empty one alone empties a list.
func filled(entries []string) []string {
	return slices.DeleteFunc(slices.Clone(entries), func(entry string) bool { return entry == "" })
}
