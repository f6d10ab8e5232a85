package rest

import (
	"context"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/export"
	"auth.books.test/services/auth-api/internal/fault"
)

// Exports gathers what is stored about a person; export.Service implements it.
type Exports interface {
	Export(ctx context.Context, account uuid.UUID) (export.Document, error)
}

type exportOutput struct {
	Disposition string `header:"Content-Disposition"`
	Body        export.Document
}

func (s *Service) exportMe(ctx context.Context, _ *struct{}) (*exportOutput, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	if c.Client != "" {
		return nil, fault.New(fault.SessionRequired, "An app cannot export an account. Sign in with POST /v1/sessions, and use that token.")
	}
	if refusal := s.guard.Recent(ctx, c.Principal, recentSignIn, s.Now()); refusal != nil {
		return nil, refusal
	}
	d, err := s.Exports.Export(ctx, c.account)
	if err != nil {
		return nil, err
	}
	return &exportOutput{`attachment; filename="account.json"`, d}, nil
}
