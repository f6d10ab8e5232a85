package rest

import (
	"context"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/httpapi/signin"
)

type codeRequestInput struct {
	Body struct {
		Email string `json:"email" doc:"E-mail address" example:"ada@books.test"`
	}
}

type codeRequested struct {
	Body struct {
		ID     string `json:"id" format:"uuid" doc:"Of the request: the code is good for it alone"`
		Detail string `json:"detail"`
	}
}

func requested(id uuid.UUID, detail string, err error) (*codeRequested, error) {
	if err != nil {
		return nil, err
	}
	out := &codeRequested{}
	out.Body.ID, out.Body.Detail = id.String(), detail
	return out, nil
}

func (s *Service) requestReset(ctx context.Context, in *codeRequestInput) (*codeRequested, error) {
	id, err := s.resets().Request(ctx, in.Body.Email)
	return requested(id, "If the address has an account, a code was mailed to it. Send it within ten minutes, with a new password.", err)
}

type resetInput struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Code string `json:"code" doc:"The code of the mail, however it is typed" example:"BCDF-GHJK"`
		New  string `json:"new_password" doc:"15 characters to 256 bytes"`
	}
}

func (s *Service) resetPassword(ctx context.Context, in *resetInput) (*struct{}, error) {
	return nil, s.resets().Confirm(ctx, idOf(in.ID), in.Body.Code, in.Body.New)
}

type joinInput struct {
	ID   string `path:"id" format:"uuid" doc:"As in the link of the mail"`
	Body struct {
		Code     string `json:"code" doc:"The code of the mail, however it is typed" example:"BCDF-GHJK"`
		Password string `json:"password" doc:"15 characters to 256 bytes"`
	}
}

func (s *Service) join(ctx context.Context, in *joinInput) (*struct{}, error) {
	return nil, s.resets().Join(ctx, idOf(in.ID), in.Body.Code, in.Body.Password)
}

// idOf reads an id. What is none is one that does not exist, and is answered as such.
func idOf(text string) uuid.UUID {
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil
	}
	return id
}

func (s *Service) resets() signin.Resets {
	return signin.Resets{Available: s.Resets, Accounts: s.Accounts, Limits: s.Limits, Refusals: s.Refusals}
}
