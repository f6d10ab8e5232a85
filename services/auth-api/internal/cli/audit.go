package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"auth.books.test/schema"
	"auth.books.test/services/auth-api/internal/config"
)

const (
	// defaultKeep is how many months of events are kept.
	defaultKeep = 13
	// originsFor is for how long addresses and devices of events are kept.
	originsFor = 90 * 24 * time.Hour
)

func auditCommand() *cobra.Command {
	command := &cobra.Command{Use: "audit", Short: "Search the record of what was done, and maintain its table"}
	command.AddCommand(auditSearchCommand(), auditMaintainCommand())
	return command
}

func auditMaintainCommand() *cobra.Command {
	m := schema.Maintenance{Origins: originsFor}
	command := &cobra.Command{Use: "maintain", Short: "Make the coming months of the table of events, drop old ones, and delete old addresses", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if m.Keep < 1 {
				return fmt.Errorf("--keep %d: keep at least one month", m.Keep)
			}
			c, err := config.LoadAuthDB()
			if err != nil {
				return err
			}
			done, err := schema.Maintain(cmd.Context(), c.PostgresURL(), m)
			if err != nil {
				return ExplainSchema(err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "Partitions made: %q. Dropped: %q. Addresses and devices deleted: %d.\n", done.Made, done.Dropped, done.Origins)
			return err
		}}
	command.Flags().IntVar(&m.Keep, "keep", defaultKeep, "how many months of events to keep besides the present one")
	command.Flags().DurationVar(&m.LockWait, "lock-wait", time.Minute, "how long to wait for another process that changes the schema, and to try to drop a month")
	return command
}
