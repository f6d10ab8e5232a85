package verify_test

import (
	"testing"
	"time"

	"auth.books.test/verify"
)

func TestPrincipalKnowsScopesAndItsEnd(t *testing.T) {
	t.Parallel()
	now := time.Now()
	i := verify.Principal{Scopes: []string{"books:read"}, Audiences: []string{"books"}, IssuedAt: time.Now(), ExpiresAt: now.Add(2), IdleExpiresAt: now.Add(1)}
	if !i.HasScope("books:read") || i.HasScope("books") || i.HasScope("") || !i.HasAudience("books") || i.HasAudience("shop") {
		t.Errorf("%+v", i)
	}
	if !i.EndsAt().Equal(now.Add(1)) {
		t.Error("EndsAt is not IdleExpiresAt although that is earlier")
	}
	i.IdleExpiresAt = now.Add(3)
	if !i.EndsAt().Equal(now.Add(2)) {
		t.Error("EndsAt is not ExpiresAt although that is earlier")
	}
}
