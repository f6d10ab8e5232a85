package rest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
)

type eventsInput struct {
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many events at most"`
	After string `query:"after" maxLength:"64" doc:"next of the page before"`
}

// eventView is an event as the owner of the account sees it.
type eventView struct {
	ID      string     `json:"id" format:"uuid"`
	At      time.Time  `json:"at"`
	Verb    string     `json:"verb" doc:"What was done, or was to be done" example:"session.sign_in"`
	Outcome string     `json:"outcome" enum:"done,refused"`
	Reason  string     `json:"reason,omitempty" doc:"Why it was refused: the code of the error"`
	By      string     `json:"by" enum:"account,client,command,nobody" doc:"Who did it. command: an operator. nobody: somebody who did not sign in"`
	About   string     `json:"about,omitempty" doc:"Such as the API and the role: books/reader"`
	Address string     `json:"address,omitempty" doc:"The address of the caller, for 90 days"`
	Device  string     `json:"device,omitempty" doc:"The user agent of the caller, for 90 days"`
	Session string     `json:"session,omitempty" format:"uuid" doc:"Public id of the session"`
	Count   int64      `json:"count" doc:"How many refusals this sums up; otherwise 1"`
	Until   *time.Time `json:"until,omitempty" doc:"When the last of several was"`
}

type eventsOutput struct {
	Body struct {
		Events []eventView `json:"events" nullable:"false"`
		Next   string      `json:"next,omitempty" doc:"Send it as after to read on; absent on the last page"`
	}
}

func (s *Service) listEvents(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	after, err := audit.ParseCursor(in.After)
	if err != nil {
		return nil, fault.Invalid("query.after", "invalid", "Send next of the page before, as it is, or leave it out.")
	}
	found, next, err := s.Events.Events(ctx, audit.Query{Subject: c.account, After: after, Limit: min(in.Limit, audit.MaxPage)})
	if err != nil {
		return nil, err
	}
	out := &eventsOutput{}
	out.Body.Next = next.String()
	out.Body.Events = make([]eventView, len(found))
	for n, e := range found {
		out.Body.Events[n] = eventViewOf(e)
	}
	return out, nil
}

func eventViewOf(e audit.Recorded) eventView {
	v := eventView{
		ID: e.ID.String(), At: e.At, Verb: string(e.Verb), Outcome: string(e.Outcome), Reason: string(e.Reason), By: string(e.Actor.Kind),
		About: e.About, Address: e.Address, Device: e.Device, Count: e.Count,
	}
	if e.Session != uuid.Nil {
		v.Session = e.Session.String()
	}
	if e.Count > 1 {
		v.Until = &e.Until
	}
	return v
}
