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
			p, err := applySchema(cmd.Context(), c.PostgresURL(), o, wait, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			printPlan(cmd.OutOrStdout(), p, "The schema is current.")
			return nil
		}}
	apply.Flags().DurationVar(&wait, "wait", 0, "how long to wait for Postgres to answer, and for its tables to be free")
	apply.Flags().StringArrayVar(&o.Allow, "allow", nil, "a change that loses data and may be made, by the name that plan gives it")
	command.AddCommand(plan, apply)
	return command
}

// applySchema tries again while Postgres is not there, takes no writes, or has
// its tables in use. It writes each reason to the log once. A refusal is final.
func applySchema(ctx context.Context, url string, o schema.Options, wait time.Duration, log io.Writer) (schema.Plan, error) {
	told := map[string]bool{}
	for end := time.Now().Add(wait); ; {
		p, err := schema.Current().Apply(ctx, url, o)
		if err == nil {
			return p, nil
		}
		if !isTransient(err) || !time.Now().Before(end) {
			return p, ExplainSchema(err)
		}
		if why := connect.Explain(err); !told[why] {
			told[why] = true
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
	return errors.Is(err, schema.ErrBusy) || errors.Is(err, schema.ErrUnreachable) || connect.IsTransient(err)
}

// ExplainSchema adds what to do, if the cause is the server and not the schema.
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
