package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/schema"
	"auth.books.test/services/auth-api/internal/config"
)

func schemaCommand() *cobra.Command {
	var o schema.Options
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
			p, err := schema.Current().Apply(cmd.Context(), c.PostgresURL(), o)
			if err != nil {
				return err
			}
			printPlan(cmd.OutOrStdout(), p, "The schema is current.")
			return nil
		}}
	apply.Flags().StringArrayVar(&o.Allow, "allow", nil, "a change that loses data and may be made, by the name that plan gives it")
	command.AddCommand(plan, apply)
	return command
}

func printPlan(w io.Writer, p schema.Plan, nothing string) {
	for _, statement := range p.Statements {
		fmt.Fprintf(w, "%s;\n", statement)
	}
	if len(p.Statements) == 0 {
		fmt.Fprintln(w, nothing)
	}
}
