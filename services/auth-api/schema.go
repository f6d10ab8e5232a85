package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/schema"
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
				return err
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
			p, err := applySchema(cmd.Context(), c.PostgresURL(), o, wait)
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

// applySchema tries again while Postgres is not there or its tables are in use.
// A refusal is final.
func applySchema(ctx context.Context, url string, o schema.Options, wait time.Duration) (schema.Plan, error) {
	for end := time.Now().Add(wait); ; {
		p, err := schema.Current().Apply(ctx, url, o)
		if err == nil || !isTransient(err) || time.Now().After(end) {
			return p, err
		}
		select {
		case <-ctx.Done():
			return schema.Plan{}, err
		case <-time.After(time.Second):
		}
	}
}

func isTransient(err error) bool {
	return errors.Is(err, schema.ErrBusy) || errors.Is(err, schema.ErrUnreachable)
}

func printPlan(w io.Writer, p schema.Plan, nothing string) {
	for _, statement := range p.Statements {
		fmt.Fprintf(w, "%s;\n", statement)
	}
	if len(p.Statements) == 0 {
		fmt.Fprintln(w, nothing)
	}
}
