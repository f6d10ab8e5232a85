package oauth

import (
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/idtoken"
)

const (
	hintParam = "id_token_hint"
	// maxHint is how many bytes an ID token may have that is sent back.
	maxHint = 4096
)

// Hints reads ID tokens that apps send back; idtoken.Keys implements it.
type Hints interface {
	ReadHint(text, issuer string) (idtoken.Claims, error)
}

// readHint notes whom the app means (OpenID Connect Core, section 3.1.2.1): nobody else may
// get through, since the app would take them for the person of the ID token.
func (s *Service) readHint(r *Request, p Params) *Refusal {
	text := p.Get(hintParam)
	if text == "" || s.Hints == nil {
		return nil
	}
	hint, err := s.Hints.ReadHint(text, s.Issuer)
	if err == nil {
		r.Means, err = uuid.Parse(hint.Subject)
	}
	if err != nil {
		return &Refusal{InvalidRequest, "id_token_hint is no ID token of this server."}
	}
	return nil
}

// meansAnother says whether the app means somebody else.
func (r Request) meansAnother(who Person) bool {
	return r.Means != uuid.Nil && r.Means != who.Account
}
