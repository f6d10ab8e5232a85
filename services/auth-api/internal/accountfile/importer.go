package accountfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/password/foreign"
)

const (
	// batchSize is how many accounts are stored in a transaction: some 0.1 s of work.
	batchSize = 500
	// maxLine is longer than any line that is accepted, in bytes.
	maxLine = 64 << 10
)

// Accounts stores accounts; account.Service implements it.
type Accounts interface {
	Import(ctx context.Context, all []account.Import, dry bool) ([]account.Imported, error)
}

// Options are the parts of an import.
type Options struct {
	Accounts Accounts
	// Report gets what became of lines that added no account. An error ends the import.
	Report func(Entry) error
	// Firebase are what hashes of Firebase lack.
	Firebase foreign.FirebaseKeys
	// DryRun checks everything, and stores nothing.
	DryRun bool
}

// Entry is what became of a line.
type Entry struct {
	Line    int    `json:"line"`
	Email   string `json:"email,omitempty"`
	Outcome string `json:"outcome"` // refused or already_there
	Reason  Reason `json:"reason,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// The outcomes of an Entry.
const (
	Refused      = "refused"
	AlreadyThere = string(account.AlreadyThere)
)

// Totals count lines. Empty lines do not count.
type Totals struct{ Read, Added, AlreadyThere, Refused int }

// importer is one run.
type importer struct {
	Options
	seen   *seen
	totals Totals
	line   int
	// batch are the accounts that wait to be stored, and lines where they stood.
	batch []account.Import
	lines []int
}

// Import reads lines until the input ends. Whatever the error, the totals tell what was
// done, and another run goes on. Errors: those of the input and of Report, the fault
// store_unavailable, and that of ctx.
func Import(ctx context.Context, in io.Reader, o Options) (Totals, error) {
	m := &importer{Options: o, seen: newSeen(remembered)}
	err := m.run(ctx, in)
	if err != nil {
		err = fmt.Errorf("import stopped at line %d, run it again to go on: %w", m.line, err)
	}
	return m.totals, err
}

func (m *importer) run(ctx context.Context, in io.Reader) error {
	lines := bufio.NewReaderSize(in, maxLine)
	for {
		text, tooLong, err := next(lines)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read a line: %w", err)
		}
		m.line++
		if tooLong || len(bytes.TrimSpace(text)) > 0 {
			m.totals.Read++
			if err := m.take(text, tooLong); err != nil {
				return err
			}
		}
		if err != nil || len(m.batch) == batchSize {
			if err := m.store(ctx); err != nil {
				return err
			}
		}
		if err != nil {
			return nil // The input has ended.
		}
	}
}

// next reads a line. What is beyond maxLine is skipped, and the text is empty then.
func next(in *bufio.Reader) (text []byte, tooLong bool, err error) {
	for {
		text, err = in.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
		tooLong = true
	}
	if tooLong {
		return nil, true, err
	}
	return text, false, err
}

// take puts an account into the batch, or reports why not.
func (m *importer) take(text []byte, tooLong bool) error {
	if tooLong {
		return m.refuse(m.line, "", LineTooLong, fmt.Sprintf("longer than %d bytes", maxLine))
	}
	a, refused := read(text, m.Firebase)
	if refused != nil && a.Email == "" {
		return m.refuse(m.line, "", refused.reason, refused.detail)
	}
	// Remembered also if the line is refused for something else: whose the address is stays
	// open then.
	if before := m.seen.note(account.FoldEmail(a.Email), m.line); before > 0 {
		return m.refuse(m.line, a.Email, Twin, fmt.Sprintf("line %d has the address, compared without regard to case", before))
	}
	if refused != nil {
		return m.refuse(m.line, a.Email, refused.reason, refused.detail)
	}
	if a.ID != uuid.Nil {
		if before := m.seen.note(a.ID.String(), m.line); before > 0 {
			return m.refuse(m.line, a.Email, Twin, fmt.Sprintf("line %d has the id", before))
		}
	}
	m.batch, m.lines = append(m.batch, a), append(m.lines, m.line)
	return nil
}

// store stores the batch, and reports what was not added.
func (m *importer) store(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(m.batch) == 0 {
		return nil
	}
	became, err := m.Accounts.Import(ctx, m.batch, m.DryRun)
	if err != nil {
		return err
	}
	for i, a := range m.batch {
		var err error
		switch became[i] {
		case account.Added:
			m.totals.Added++
		case account.AlreadyThere:
			m.totals.AlreadyThere++
			err = m.Report(Entry{Line: m.lines[i], Email: a.Email, Outcome: AlreadyThere})
		default:
			err = m.refuse(m.lines[i], a.Email, Reason(became[i]), taken(became[i]))
		}
		if err != nil {
			return err
		}
	}
	m.batch, m.lines = m.batch[:0], m.lines[:0]
	return nil
}

func taken(became account.Imported) string {
	switch became {
	case account.DiffersInCase:
		return "an account has the address in another case, and was left as it is"
	case account.Reserved:
		return "another account had the address until today, and may set it again for a day: import the line then"
	case account.OtherID:
		return "an account has the address and another id, and was left as it is"
	default:
		return "another account, a deleted one or a client has the id"
	}
}

func (m *importer) refuse(line int, email string, reason Reason, detail string) error {
	m.totals.Refused++
	return m.Report(Entry{line, email, Refused, reason, detail})
}
