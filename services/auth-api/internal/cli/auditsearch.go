package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/postgres"
)

const maxSearched = 10_000

// search is what the flags of audit search say.
type search struct {
	actor, subject, verb, outcome, since, until string
	limit                                       int
	json                                        bool
}

func auditSearchCommand() *cobra.Command {
	var s search
	command := &cobra.Command{Use: "search", Short: "Print events, the newest first", Args: cobra.NoArgs,
		RunE: withPostgres(func(ctx context.Context, db *postgres.DB) (string, error) {
			q, err := s.query(ctx, db)
			if err != nil {
				return "", err
			}
			found, _, err := audit.NewStore(db).Events(ctx, q)
			if err != nil {
				return "", err
			}
			if s.json {
				return jsonLines(found)
			}
			return eventTable(found), nil
		})}
	f := command.Flags()
	f.StringVar(&s.actor, "actor", "", "who did it: the id of an account or a client, or an e-mail address")
	f.StringVar(&s.subject, "subject", "", "whom it was done to: the id of an account or a client, or an e-mail address")
	f.StringVar(&s.verb, "verb", "", "what was done, such as session.sign_in")
	f.StringVar(&s.outcome, "outcome", "", "done or refused")
	f.StringVar(&s.since, "since", "", "not before this time (RFC 3339), or this long ago, such as 36h")
	f.StringVar(&s.until, "until", "", "before this time, in the same forms")
	f.IntVar(&s.limit, "limit", audit.MaxPage, "how many events at most")
	f.BoolVar(&s.json, "json", false, "print one JSON object a line")
	return command
}

func (s search) query(ctx context.Context, db *postgres.DB) (q audit.Query, err error) {
	if s.limit < 1 || s.limit > maxSearched {
		return q, fmt.Errorf("--limit %d: use 1 to %d", s.limit, maxSearched)
	}
	q = audit.Query{Verb: audit.Verb(s.verb), Outcome: audit.Outcome(s.outcome), Limit: s.limit}
	if s.verb != "" && !slices.Contains(audit.Verbs(), q.Verb) {
		return q, fmt.Errorf("--verb %q: there is no such verb; there are %q", s.verb, audit.Verbs())
	}
	if s.outcome != "" && q.Outcome != audit.Done && q.Outcome != audit.Refused {
		return q, fmt.Errorf("--outcome %q: use done or refused", s.outcome)
	}
	people := account.NewStore(db)
	if q.Actor, err = party(ctx, people, s.actor); err != nil {
		return q, fmt.Errorf("--actor: %w", err)
	}
	if q.Subject, err = party(ctx, people, s.subject); err != nil {
		return q, fmt.Errorf("--subject: %w", err)
	}
	now := time.Now()
	if q.Since, err = instant(s.since, now); err != nil {
		return q, fmt.Errorf("--since: %w", err)
	}
	if q.Until, err = instant(s.until, now); err != nil {
		return q, fmt.Errorf("--until: %w", err)
	}
	return q, nil
}

// party is the id that a text is, or that of the account with the address.
func party(ctx context.Context, people *account.Store, text string) (uuid.UUID, error) {
	if text == "" {
		return uuid.Nil, nil
	}
	if id, err := uuid.Parse(text); err == nil {
		return id, nil
	}
	id, _, err := people.Find(ctx, text)
	return id, err
}

// instant is a time in the form of RFC 3339, or so long ago.
func instant(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errors.New("use a time such as 2026-11-26T12:00:00Z, or a duration such as 36h")
	}
	return at, nil
}

func eventTable(found []audit.Recorded) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "AT\tACTOR\tVERB\tSUBJECT\tABOUT\tOUTCOME\tCOUNT\tADDRESS\tDEVICE\tREQUEST")
	for _, e := range found {
		outcome := string(e.Outcome)
		if e.Reason != "" {
			outcome += ": " + string(e.Reason)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", e.At.Format(time.RFC3339), partyText(e.Actor), e.Verb, partyText(e.Subject),
			printable(e.About), outcome, e.Count, e.Address, printable(e.Device), printable(e.RequestID))
	}
	_ = w.Flush() // It writes to memory and cannot fail.
	return strings.TrimRight(out.String(), "\n")
}

func partyText(p audit.Party) string {
	switch {
	case p.ID != uuid.Nil:
		return string(p.Kind) + " " + p.ID.String()
	case p.Name != "":
		return string(p.Kind) + " " + printable(p.Name)
	}
	return string(p.Kind)
}

// printable escapes what a terminal would act on, or what would look like another line or
// column.
func printable(text string) string {
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// eventLine is an event in JSON.
type eventLine struct {
	ID          uuid.UUID  `json:"id"`
	At          time.Time  `json:"at"`
	ActorKind   string     `json:"actor_kind"`
	Actor       *uuid.UUID `json:"actor,omitempty"`
	ActorName   string     `json:"actor_name,omitempty"`
	Verb        string     `json:"verb"`
	SubjectKind string     `json:"subject_kind"`
	Subject     *uuid.UUID `json:"subject,omitempty"`
	Outcome     string     `json:"outcome"`
	Reason      string     `json:"reason,omitempty"`
	About       string     `json:"about,omitempty"`
	Count       int64      `json:"count"`
	Until       *time.Time `json:"until,omitempty"`
	Client      *uuid.UUID `json:"client_id,omitempty"`
	Session     *uuid.UUID `json:"session,omitempty"`
	RequestID   string     `json:"request_id,omitempty"`
	Address     string     `json:"address,omitempty"`
	Device      string     `json:"device,omitempty"`
}

func jsonLines(found []audit.Recorded) (string, error) {
	var out strings.Builder
	for _, e := range found {
		line, err := json.Marshal(eventLine{
			ID: e.ID, At: e.At, ActorKind: string(e.Actor.Kind), Actor: idOrNil(e.Actor.ID), ActorName: e.Actor.Name, Verb: string(e.Verb),
			SubjectKind: string(e.Subject.Kind), Subject: idOrNil(e.Subject.ID), Outcome: string(e.Outcome), Reason: string(e.Reason), About: e.About,
			Count: e.Count, Until: untilOf(e), Client: idOrNil(e.Client), Session: idOrNil(e.Session), RequestID: e.RequestID, Address: e.Address, Device: e.Device,
		})
		if err != nil {
			return "", fmt.Errorf("print an event: %w", err)
		}
		out.Write(line)
		out.WriteByte('\n')
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

func untilOf(e audit.Recorded) *time.Time {
	if e.Count < 2 {
		return nil
	}
	return &e.Until
}

func idOrNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
