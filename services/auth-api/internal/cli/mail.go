package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/services/auth-api/internal/postgres"
)

// maxMails is how many mails are listed.
const maxMails = 1000

func mailCommand() *cobra.Command {
	command := &cobra.Command{Use: "mail", Short: "Show what became of mails"}
	command.AddCommand(mailListCommand())
	return command
}

func mailListCommand() *cobra.Command {
	var states []string
	command := &cobra.Command{Use: "list", Short: "List mails that failed or may not have arrived, without what they say", Args: cobra.NoArgs}
	command.RunE = withPostgres(func(ctx context.Context, db *postgres.DB) (string, error) {
		wanted, err := mailStates(states)
		if err != nil {
			return "", err
		}
		all, err := mail.New(mail.Options{DB: db, Now: time.Now, Random: rand.Reader}).List(ctx, maxMails, wanted...)
		if err != nil {
			return "", err
		}
		return mailTable(all), nil
	})
	command.Flags().StringSliceVar(&states, "state", []string{string(mail.Unknown), string(mail.Failed)}, "states, separated by commas: "+strings.Join(names(mail.States()), ", "))
	return command
}

func mailStates(given []string) (states []mail.State, err error) {
	for _, name := range given {
		if !slices.Contains(mail.States(), mail.State(name)) {
			return nil, fmt.Errorf("--state %q: write one of %s", name, strings.Join(names(mail.States()), ", "))
		}
		states = append(states, mail.State(name))
	}
	return states, nil
}

func names(states []mail.State) (all []string) {
	for _, s := range states {
		all = append(all, string(s))
	}
	return all
}

func mailTable(all []mail.Listed) string {
	if len(all) == 0 {
		return "There are no such mails."
	}
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tQUEUED\tKIND\tTO\tSTATE\tTRIES\tWHY")
	for _, m := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", m.ID, m.CreatedAt.UTC().Format(time.RFC3339), m.Kind, cmp.Or(m.To, "-"), m.State, m.Tries, cmp.Or(m.Problem, "-"))
	}
	_ = w.Flush() // It writes to memory and cannot fail.
	return strings.TrimRight(out.String(), "\n")
}
