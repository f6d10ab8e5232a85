package cli

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/client"
)

// credentials is the text that shows a secret, which is never shown again.
func credentials(c client.Credentials) string {
	switch {
	case c.ID == uuid.Nil:
		return ""
	case c.Secret == "":
		return "id     " + c.ID.String()
	}
	return "id     " + c.ID.String() + "\nsecret " + c.Secret
}

func clientTable(all []client.Listed) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tAPI\tNAME\tSECRETS\tROTATED\tSTATE\tWHAT")
	for _, c := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", c.ID, cmp.Or(c.Audience, "-"), c.Name, c.Secrets(), c.RotatedAt.UTC().Format(time.RFC3339), stateOf(c), whatIs(c.Registration))
	}
	_ = w.Flush() // It writes to memory and cannot fail.
	return strings.TrimRight(out.String(), "\n")
}

func stateOf(c client.Listed) string {
	if c.DisabledAt.IsZero() {
		return "enabled"
	}
	return "disabled " + c.DisabledAt.UTC().Format(time.RFC3339)
}

// whatIs says in a few words what a client is.
func whatIs(r client.Registration) string {
	var words []string
	if r.Audience != "" {
		words = append(words, "introspects")
	}
	if r.May(client.AuthorizationCode) {
		words = append(words, "app")
		for _, property := range []struct {
			is   bool
			word string
		}{{r.Public(), "public"}, {r.Native, "native"}, {r.FirstParty, "first-party"}, {r.PKCEExempt, "without PKCE"}} {
			if property.is {
				words = append(words, property.word)
			}
		}
	}
	if r.May(client.ClientCredentials) {
		words = append(words, "program")
	}
	return strings.Join(words, ", ")
}

// clientFields prints what is registered, a field a line; lists in one line.
func clientFields(c client.Listed) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	var grants []string
	for _, g := range c.Grants {
		grants = append(grants, string(g))
	}
	for _, field := range [][2]string{
		{"id", c.ID.String()}, {"name", quoted(c.Name)}, {"state", stateOf(c)}, {"what", whatIs(c.Registration)}, {"introspects for", c.Audience},
		{"authentication", string(c.Authentication)}, {"secrets", strconv.Itoa(c.Secrets())}, {"keys", c.Keys}, {"first-party", strconv.FormatBool(c.FirstParty)}, {"native", strconv.FormatBool(c.Native)},
		{"no-pkce", strconv.FormatBool(c.PKCEExempt)}, {"grants", strings.Join(grants, " ")}, {"redirect URIs", strings.Join(c.RedirectURIs, " ")}, {"logout URIs", strings.Join(c.LogoutURIs, " ")},
		{"origins", strings.Join(c.Origins, " ")}, {"audiences", strings.Join(c.Audiences, " ")}, {"ID tokens", c.IDTokenAlgorithm},
		{"created", moment(c.CreatedAt)}, {"rotated", moment(c.RotatedAt)},
	} {
		if field[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", field[0], field[1])
		}
	}
	_ = w.Flush() // It writes to memory and cannot fail.
	return strings.TrimRight(out.String(), "\n")
}
