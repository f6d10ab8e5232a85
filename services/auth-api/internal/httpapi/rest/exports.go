package rest

import (
	"context"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/export"
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
	if err := s.inPerson(ctx, c, "An app cannot export an account."); err != nil {
		return nil, err
	}
	d, err := s.Exports.Export(ctx, c.account)
	if err != nil {
		return nil, err
	}
	return &exportOutput{`attachment; filename="account.json"`, d}, nil
}
