package rest

import "context"

const appsChangeNoAddress = "An app cannot change the address."

func (s *Service) requestAddress(ctx context.Context, in *codeRequestInput) (*codeRequested, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.inPerson(ctx, c, appsChangeNoAddress); err != nil {
		return nil, err
	}
	id, err := s.resets().RequestAddress(ctx, c.account, in.Body.Email)
	return requested(id, "If the address can be used, a code was mailed to it. Send it within ten minutes to POST /v1/accounts/me/address/{id}/confirmation.", err)
}

type changeAddressInput struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Code string `json:"code" doc:"The code of the mail, however it is typed" example:"BCDF-GHJK"`
	}
}

func (s *Service) changeAddress(ctx context.Context, in *changeAddressInput) (*struct{}, error) {
	c, err := callerFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := ownSession(c, appsChangeNoAddress); err != nil {
		return nil, err
	}
	return nil, s.resets().ChangeAddress(ctx, c.account, idOf(in.ID), in.Body.Code)
}

func (s *Service) undoAddress(ctx context.Context, in *resetInput) (*struct{}, error) {
	return nil, s.resets().UndoAddress(ctx, idOf(in.ID), in.Body.Code, in.Body.New)
}
