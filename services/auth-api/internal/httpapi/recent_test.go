package httpapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/session"
)

// ended counts the sessions that a handler ends.
type ended struct {
	session.Service
	count int
}

func (e *ended) End(context.Context, uuid.UUID, uuid.UUID, authorization.Reason) error {
	e.count++
	return nil
}

func (e *ended) EndAll(context.Context, uuid.UUID, uuid.UUID) error {
	e.count++
	return nil
}

func TestEndingOtherSessionsNeedsARecentSignIn(t *testing.T) {
	t.Parallel()
	const other = "01a20cde-6bd3-7531-8ac9-000000000000"
	for _, c := range []struct {
		name, path string
		signedIn   time.Duration // ago
		status     int
	}{
		{"others, after a sign-in just now", "/v1/sessions", time.Second, 204},
		{"others, after an old sign-in", "/v1/sessions", 16 * time.Minute, 401},
		{"all, after an old sign-in", "/v1/sessions?all=true", 16 * time.Minute, 401},
		{"another, after a sign-in just now", "/v1/sessions/" + other, time.Second, 204},
		{"another, after an old sign-in", "/v1/sessions/" + other, 16 * time.Minute, 401},
		{"its own by id, after an old sign-in", "/v1/sessions/01a20cde-6bd3-7531-8ac9-b1636fb1cb55", 16 * time.Minute, 204},
		{"its own, after an old sign-in", "/v1/sessions/current", 16 * time.Minute, 204},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, sessions := newDoor(t), &ended{}
			d.Sessions = sessions
			d.identity.AuthenticatedAt = time.Now().Add(-c.signedIn)
			ctx := get(c.path)
			ctx.Request.Header.SetMethod("DELETE")
			ctx.Request.Header.Set("Authorization", "Bearer "+token)
			d.server.Handler()(ctx)
			if got := ctx.Response.StatusCode(); got != c.status {
				t.Fatalf("%d %s, want %d", got, ctx.Response.Body(), c.status)
			}
			challenge := string(ctx.Response.Header.Peek("WWW-Authenticate"))
			if c.status == 401 && (sessions.count != 0 || !strings.Contains(challenge, `error="insufficient_user_authentication", max_age="900"`)) {
				t.Errorf("%d sessions ended, challenge %s", sessions.count, challenge)
			}
			if c.status == 204 && sessions.count != 1 {
				t.Errorf("%d sessions ended, want 1", sessions.count)
			}
		})
	}
}
