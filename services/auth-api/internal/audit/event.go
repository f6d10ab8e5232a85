package audit

import (
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
)

// Kind is what an actor or a subject is.
type Kind string

// The closed set of kinds. A Command is somebody at the command line.
const (
	Account Kind = "account"
	Client  Kind = "client"
	API     Kind = "api"
	Role    Kind = "role"
	Command Kind = "command"
	Nobody  Kind = "nobody"
	None    Kind = "none"
)

// Party is who acts, or who or what is acted on.
type Party struct {
	Kind Kind
	// ID is that of an account or a client; uuid.Nil otherwise.
	ID uuid.UUID
	// Name is the operating system's user who ran a command.
	Name string
}

// AccountOf is the party for an account; nobody if the id is uuid.Nil.
func AccountOf(id uuid.UUID) Party {
	if id == uuid.Nil {
		return Party{}
	}
	return Party{Kind: Account, ID: id}
}

// Outcome is how an act ended.
type Outcome string

// The closed set of outcomes.
const (
	Done    Outcome = "done"
	Refused Outcome = "refused"
)

// Event is one act. What is left out comes from the context, see With.
type Event struct {
	Verb    Verb
	Subject Party
	// Actor replaces that of the context, if it is set.
	Actor Party
	// Session replaces that of the context, if it is set.
	Session uuid.UUID
	// Reason is why the act was refused. It is empty if the act was done.
	Reason fault.Code
	// About names an API, a role or an amount. It must hold nothing about a person.
	About string
}

// Recorded is an event as it was stored.
type Recorded struct {
	ID      uuid.UUID
	At      time.Time
	Actor   Party
	Verb    Verb
	Subject Party
	Outcome Outcome
	Reason  fault.Code
	About   string
	// Count is how many refusals the row sums up. The last was at Until.
	Count     int64
	Until     time.Time
	Client    uuid.UUID
	Session   uuid.UUID
	RequestID string
	// Address and Device are empty if they are unknown or were deleted.
	Address string
	Device  string
}
