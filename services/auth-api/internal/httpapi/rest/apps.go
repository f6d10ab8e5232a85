package rest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/oauth"
)

// Apps lists and ends what a person has let in; oauth.Service implements it.
type Apps interface {
	Allowed(ctx context.Context, account uuid.UUID) ([]oauth.Allowed, error)
	EndApp(ctx context.Context, account, client uuid.UUID) error
}

// appView is a client that was let in, as the person sees it.
type appView struct {
	Client string     `json:"client_id" format:"uuid"`
	Name   string     `json:"name" doc:"What the client calls itself here"`
	Scopes []string   `json:"scopes" nullable:"false" doc:"What the person has let it in for"`
	Since  time.Time  `json:"since" doc:"When the person was first asked"`
	Live   int        `json:"live" doc:"How many of its authorizations are alive: one for each time that it signed the person in"`
	UsedAt *time.Time `json:"used_at,omitempty" doc:"The last known use of one that is alive"`
}

type appsOutput struct {
	Body struct {
		Authorizations []appView `json:"authorizations" nullable:"false" doc:"Clients that were let in, newest first"`
	}
}

func (s *Service) listApps(ctx context.Context, _ *struct{}) (*appsOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := s.Apps.Allowed(ctx, c.account)
	if err != nil {
		return nil, err
	}
	out := &appsOutput{}
	out.Body.Authorizations = make([]appView, len(listed))
	for n, l := range listed {
		view := appView{Client: l.Client.String(), Name: l.Name, Scopes: list(l.Scopes), Since: l.Since.UTC(), Live: l.Live}
		if !l.UsedAt.IsZero() {
			used := l.UsedAt.UTC()
			view.UsedAt = &used
		}
		out.Body.Authorizations[n] = view
	}
	return out, nil
}

type endAppInput struct {
	Client string `path:"client" format:"uuid" doc:"The client_id"`
}

func (s *Service) endApp(ctx context.Context, in *endAppInput) (*struct{}, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	client, err := uuid.Parse(in.Client)
	if err != nil {
		return nil, fault.New(fault.SessionNotFound, "There is no such authorization, or it has ended.")
	}
	return nil, s.Apps.EndApp(ctx, c.account, client)
}
