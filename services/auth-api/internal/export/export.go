package export

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/services/auth-api/internal/passkey"
	"auth.books.test/services/auth-api/internal/personal"
	"auth.books.test/services/auth-api/internal/resource"
	"auth.books.test/services/auth-api/internal/session"
)

// MaxEvents is how many events are exported at most: of each, those that the person did and
// those that were done with the account.
const MaxEvents = 10_000

// eventsPage is how many events one statement reads, which has the deadline of a statement.
const eventsPage = 1000

// Accounts reads the person's row; account.Service implements it.
type Accounts interface {
	// Export records that everything was exported, and returns the account.
	Export(ctx context.Context, id uuid.UUID) (account.Exported, error)
}

// Sessions lists sign-ins; session.Service implements it.
type Sessions interface {
	List(ctx context.Context, account uuid.UUID) ([]session.Session, error)
}

// Consents lists what was let in; authorization.Service implements it.
type Consents interface {
	Consents(ctx context.Context, account uuid.UUID) ([]authorization.Consented, error)
}

// Names reads the names of apps; client.Store implements it.
type Names interface {
	Names(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error)
}

// Tokens lists personal access tokens; personal.Service implements it.
type Tokens interface {
	List(ctx context.Context, account uuid.UUID) ([]personal.Token, error)
}

// Roles lists roles; resource.Store implements it.
type Roles interface {
	Held(ctx context.Context, subject uuid.UUID) ([]resource.Held, error)
}

// Events reads events; audit.Store implements it.
type Events interface {
	Events(ctx context.Context, q audit.Query) (found []audit.Recorded, next audit.Cursor, err error)
}

// Mails lists mails; mail.Outbox implements it.
type Mails interface {
	About(ctx context.Context, account uuid.UUID, address string) ([]mail.Stored, error)
}

// Codes lists requests for codes; code.Codes implements it.
type Codes interface {
	About(ctx context.Context, account uuid.UUID, address string) ([]code.Requested, error)
}

// Factors reads second factors; factor.Service implements it.
type Factors interface {
	About(ctx context.Context, account uuid.UUID) (factor.Stored, error)
}

// Passkeys reads passkeys; passkey.Service implements it.
type Passkeys interface {
	List(ctx context.Context, account uuid.UUID) ([]passkey.Passkey, error)
}

// Options are the parts of a Service. All are required.
type Options struct {
	Accounts Accounts
	Sessions Sessions
	Consents Consents
	Names    Names
	Tokens   Tokens
	Roles    Roles
	Events   Events
	Mails    Mails
	Codes    Codes
	Factors  Factors
	Passkeys Passkeys
	Now      func() time.Time
}

// Service exports what is stored about a person.
type Service struct{ Options }

// New makes a Service.
func New(o Options) *Service { return &Service{o} }

// Export gathers what is stored about a person. It reads in several transactions: what changes
// meanwhile may be in one part and not in another. The event of the export comes first, so
// that it is among the events. Faults: account_not_found, store_unavailable.
func (s *Service) Export(ctx context.Context, id uuid.UUID) (d Document, err error) {
	d.ExportedAt = s.Now().UTC()
	a, err := s.Accounts.Export(ctx, id)
	if err != nil {
		return Document{}, fmt.Errorf("export an account: %w", err)
	}
	d.Account = accountOf(a)
	for _, part := range []func(context.Context, account.Exported, *Document) error{s.sessions, s.apps, s.tokens, s.roles, s.events, s.mails, s.codes, s.factors} {
		if err := part(ctx, a, &d); err != nil {
			return Document{}, fmt.Errorf("export an account: %w", err)
		}
	}
	return d, nil
}
