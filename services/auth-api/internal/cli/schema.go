package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/schema"
	"auth.books.test/schema/connect"
	"auth.books.test/services/auth-api/internal/config"
)

func schemaCommand() *cobra.Command {
	var o schema.Options
	var wait time.Duration
	command := &cobra.Command{Use: "schema", Short: "Bring the auth database to the desired state"}
	command.PersistentFlags().DurationVar(&o.LockWait, "lock-wait", time.Minute, "how long to wait for another process that changes the schema")

	plan := &cobra.Command{Use: "plan", Short: "Print what apply would do", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadAuthDB()
			if err != nil {
				return err
			}
			o.ServiceRole = string(c.AuthDBRole)
			p, err := schema.Current().Plan(cmd.Context(), c.PostgresURL(), o)
			if err != nil {
				return ExplainSchema(err)
			}
			printPlan(cmd.OutOrStdout(), p, "Nothing to do.")
			for _, name := range p.Destructive {
				fmt.Fprintf(cmd.OutOrStdout(), "-- loses data: apply needs --allow %s\n", name)
			}
			return nil
		}}
	apply := &cobra.Command{Use: "apply", Short: "Change the schema, in one transaction", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadAuthDB()
			if err != nil {
				return err
			}
			o.ServiceRole = string(c.AuthDBRole)
			p, err := applySchema(cmd.Context(), c.PostgresURL(), o, wait, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			printPlan(cmd.OutOrStdout(), p, "The schema is current.")
			return nil
		}}
	apply.Flags().DurationVar(&wait, "wait", 0, "how long to wait for Postgres to answer, and for other transactions to release its tables")
	apply.Flags().StringArrayVar(&o.Allow, "allow", nil, "allow a change that loses data, by the name that plan prints")
	command.AddCommand(plan, apply)
	return command
}

// applySchema tries again for up to wait, while Postgres is down or read-only, its tables
// are locked, or the role of the service is yet to be made. It logs each reason once. Any other error is final.
func applySchema(ctx context.Context, url string, o schema.Options, wait time.Duration, log io.Writer) (schema.Plan, error) {
	logged := map[string]bool{}
	for end := time.Now().Add(wait); ; {
		p, err := schema.Current().Apply(ctx, url, o)
		if err == nil {
			return p, nil
		}
		if !isTransient(err) || !time.Now().Before(end) {
			return p, ExplainSchema(err)
		}
		if why := connect.Explain(err); !logged[why] {
			logged[why] = true
			fmt.Fprintf(log, "schema apply waits until %s: %s: %v\n", end.Format(time.TimeOnly), why, err)
		}
		select {
		case <-ctx.Done():
			return schema.Plan{}, ExplainSchema(err)
		case <-time.After(time.Second):
		}
	}
}

func isTransient(err error) bool {
	if connect.IsMisconfigured(err) {
		return false
	}
	return errors.Is(err, schema.ErrBusy) || errors.Is(err, schema.ErrNoRole) || errors.Is(err, schema.ErrUnreachable) || connect.IsTransient(err)
}

// ExplainSchema adds what to do to an error of the server; errors of the schema say it
// themselves.
func ExplainSchema(err error) error {
	if connect.IsMisconfigured(err) || isTransient(err) {
		return fmt.Errorf("%s: %w", connect.Explain(err), err)
	}
	return err
}

func printPlan(w io.Writer, p schema.Plan, nothing string) {
	for _, statement := range p.Statements {
		fmt.Fprintf(w, "%s;\n", statement)
	}
	if len(p.Statements) == 0 {
		fmt.Fprintln(w, nothing)
	}
}
