package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/app"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/sessiondb"
	"auth.books.test/verify"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

func tokenCommand() *cobra.Command {
	command := &cobra.Command{Use: "token", Short: "Show an access token's record in Redis, or end a personal access token"}
	command.AddCommand(&cobra.Command{Use: "show [KEY]", Short: "Print the record of a token, which is read from standard input, or of a key, as redis-cli shows it",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.LoadSessionDB()
			if err != nil {
				return err
			}
			h, err := hashOf(c.TokenRing(), args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			return showToken(cmd.Context(), c, h, cmd.OutOrStdout())
		}})
	command.AddCommand(&cobra.Command{Use: "end ID", Short: "End a personal access token, by its public id", Args: cobra.ExactArgs(1),
		RunE: withApp(func(ctx context.Context, a *app.App, args []string) (string, error) {
			id, err := uuid.Parse(args[0])
			if err != nil {
				// Do not repeat the argument: it may be a token.
				return "", errors.New("this is no public id, which is a UUID. Its owner sees it in GET /v1/tokens; of a token that you have, POST /oauth/revoke ends it")
			}
			return done(a.Personal.EndAny(ctx, id), "The personal access token is ended.")
		})})
	return command
}

// hashOf is the token hash in the key, or else of the token on the input. A token is never
// an argument, since other users of the machine can see the arguments of a process.
func hashOf(ring *token.KeyRing, args []string, in io.Reader) (token.Hash, error) {
	if len(args) > 0 {
		if h, ok := token.ParseKey(args[0]); ok {
			return h, nil
		}
		// Do not repeat the argument: it may be a token.
		return token.Hash{}, errors.New("this is no key of a token's record, which is session: and 43 characters. Write a token to standard input instead")
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return token.Hash{}, fmt.Errorf("read the token: %w", err)
	}
	t, err := token.Parse(strings.TrimSpace(line))
	if err != nil {
		return token.Hash{}, fmt.Errorf("this is no token of ours: %w", err)
	}
	if err := ring.Check(t); err != nil {
		return token.Hash{}, fmt.Errorf("the token was never issued, or was issued with a key that SESSION_DB_TOKEN_KEY does not have: %w", err)
	}
	return ring.Hash(t)
}

func showToken(ctx context.Context, c config.Config, h token.Hash, out io.Writer) error {
	p, err := sessiondb.Find(ctx, c.RedisURL(), c.TokenRing(), h)
	switch {
	case errors.Is(err, record.ErrInvalid):
		return fmt.Errorf("the record %s is damaged, or was written by another program. Verifiers answer 503 until auth-api has rewritten it: %w", h.Key(), err)
	case err != nil:
		return err
	case p == nil:
		return fmt.Errorf("there is no record %s: the token has expired, was revoked, or was never issued", h.Key())
	}
	return printPrincipal(out, p)
}

func printPrincipal(out io.Writer, p *verify.Principal) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, field := range [][2]string{
		{"key", p.Hash.Key()}, {"kind", string(p.Kind)}, {"subject", p.Subject}, {"client", p.Client}, {"email", p.Email}, {"email verified", verified(p)}, {"name", quoted(p.Name)},
		{"authorization", p.Authorization}, {"audiences", strings.Join(p.Audiences, " ")}, {"scopes", strings.Join(p.Scopes, " ")},
		{"issued", moment(p.IssuedAt)}, {"authenticated", moment(p.AuthenticatedAt)}, {"authenticated by", strings.Join(p.AuthenticatedBy, " ")},
		{"expires", moment(p.ExpiresAt)}, {"expires unused", moment(p.IdleExpiresAt)},
	} {
		if field[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", field[0], field[1])
		}
	}
	return w.Flush()
}

// verified says whether the address is verified. A client has none.
func verified(p *verify.Principal) string {
	if p.Email == "" {
		return ""
	}
	return strconv.FormatBool(p.EmailVerified)
}

// quoted quotes a name that a person chose, so that it cannot control the terminal.
func quoted(name string) string {
	if name == "" {
		return ""
	}
	return strconv.Quote(name)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
