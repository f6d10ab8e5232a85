package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/accountfile"
	"auth.books.test/services/auth-api/internal/app"
)

// importMemory is how much memory the runtime uses before it collects garbage more often, in
// bytes: the command may run in the container of a service (BenchmarkImport).
const importMemory = 64 << 20

// importAccountsCommand imports accounts from a file of JSON lines, see docs/import.md.
func importAccountsCommand() *cobra.Command {
	var o accountfile.Options
	var reportPath string
	command := &cobra.Command{Use: "import [FILE]", Short: "Import accounts with password hashes of other programs, from JSON lines in FILE or standard input", Args: cobra.MaximumNArgs(1)}
	command.Flags().BoolVar(&o.DryRun, "dry-run", false, "check every line, and store nothing")
	command.Flags().StringVar(&reportPath, "report", "", "write what became of lines that added no account to this new file, instead of standard error")
	command.Flags().StringVar(&o.Firebase.SignerKey, "firebase-signer-key", "", "base64_signer_key of the project, as Firebase's console shows it")
	command.Flags().StringVar(&o.Firebase.SaltSeparator, "firebase-salt-separator", "", "base64_salt_separator of the project")
	command.Flags().Uint64Var(&o.Firebase.Rounds, "firebase-rounds", 0, "rounds of the project")
	command.Flags().Uint64Var(&o.Firebase.MemCost, "firebase-mem-cost", 0, "mem_cost of the project")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		in, report, finish, err := openImport(cmd, args, reportPath)
		if err != nil {
			return err
		}
		run := withApp(func(ctx context.Context, a *app.App, _ []string) (string, error) {
			debug.SetMemoryLimit(min(importMemory, debug.SetMemoryLimit(-1)))
			o.Accounts = a.Accounts
			encoder := json.NewEncoder(report)
			encoder.SetEscapeHTML(false)
			o.Report = func(e accountfile.Entry) error { return encoder.Encode(e) }
			totals, err := accountfile.Import(ctx, interruptible(ctx, in), o)
			return saidOf(totals, o.DryRun), importError(totals, err)
		})
		return errors.Join(run(cmd, args), finish())
	}
	return command
}

// openImport opens the files. The report must not exist: another may be in it.
func openImport(cmd *cobra.Command, args []string, reportPath string) (in io.Reader, report io.Writer, finish func() error, err error) {
	in, report, finish = cmd.InOrStdin(), cmd.ErrOrStderr(), func() error { return nil }
	if len(args) > 0 {
		f, err := os.Open(args[0])
		if err != nil {
			return nil, nil, nil, fmt.Errorf("open the accounts: %w", err)
		}
		in = f
	}
	if reportPath != "" {
		// It holds addresses.
		f, err := os.OpenFile(reportPath, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("make the report: %w", err)
		}
		report, finish = f, f.Close
	}
	return in, report, finish, nil
}

// interruptible ends with the error of ctx when that ends, also while nothing comes from a
// terminal or a pipe.
func interruptible(ctx context.Context, in io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, in)
		w.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
	return r
}

func saidOf(t accountfile.Totals, dry bool) string {
	added := "added"
	if dry {
		added = "would be added"
	}
	return fmt.Sprintf("%d lines: %d %s, %d already there, %d refused", t.Read, t.Added, added, t.AlreadyThere, t.Refused)
}

func importError(t accountfile.Totals, err error) error {
	if err == nil && t.Refused > 0 {
		return fmt.Errorf("%d lines were refused: the report says why", t.Refused)
	}
	return err
}
