package oauth_test

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/oauth"
	"auth.books.test/services/auth-api/internal/session"
)

// leaveEvery is after how many visits a person deletes their account who does that.
const leaveEvery = 5

// visit is what one person does on one day.
type visit struct {
	*growing
	person        *person
	opened        login.Opened
	code          string
	first, second authorization.Issued
}

// cycle signs somebody in, lets an app in, refreshes, and ends all that in one of the ways;
// and a program draws a token.
func (g *growing) cycle(ctx context.Context, p *person, n int) (err error) {
	v := &visit{growing: g, person: p}
	// Nobody who guesses comes from where the person does: they would be slowed down.
	from := session.Origin{Device: "test", IP: netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})}
	guesser := session.Origin{Device: "test", IP: netip.AddrFrom4([4]byte{11, byte(n >> 16), byte(n >> 8), byte(n)})}
	ctx = audit.With(ctx, audit.Origin{Actor: audit.AccountOf(p.account), Address: from.IP})
	_, err = g.Login.Password(ctx, login.Attempt{Email: p.email, Password: "six quiet lanterns drift", From: guesser})
	if fault.CodeOf(err) != fault.InvalidCredentials {
		return fmt.Errorf("a wrong password: %w", err)
	}
	if v.opened, err = g.Login.Password(ctx, login.Attempt{Email: p.email, Password: password, Browser: n%2 == 0, From: from}); err != nil {
		return err
	}
	scope := "books:read"
	if n%4 == 0 {
		scope += " offline_access"
	}
	if err := v.letIn(ctx, scope); err != nil {
		return err
	}
	v.second, err = g.Authorizations.Refresh(ctx, authorization.Renewal{Refresh: v.first.Refresh.Reveal(), Client: g.app, TokenLifetime: 15 * time.Minute})
	if err != nil {
		return err
	}
	if _, err := g.Authorizations.Draw(ctx, authorization.Drawing{Client: g.program, Lifetime: 15 * time.Minute, PerSecond: 1e6, Alive: 1e6}); err != nil {
		return err
	}
	// What client.Service.Identify notes of a client that signs its request.
	if _, err := g.DB.Exec(ctx, `INSERT INTO client_assertions (client_id, hash, expires_at) VALUES ($1, sha256(uuid_send(gen_random_uuid())), $2)`, g.program, g.Clock.Now().Add(time.Minute)); err != nil {
		return err
	}
	if n%leaveEvery == 0 && p.leaves {
		return v.delete(ctx)
	}
	ends := v.ends()
	return ends[n%len(ends)](ctx)
}

// letIn pushes a request, says yes to it, and exchanges the code.
func (v *visit) letIn(ctx context.Context, scope string) error {
	app := v.read(v.app)
	if _, refusal, err := v.Push(ctx, app, v.params("scope", scope)); err != nil || refusal != nil {
		return fmt.Errorf("push: %v, %w", refusal, err)
	}
	r, err := v.Begin(ctx, v.params("scope", scope))
	if err != nil {
		return err
	}
	r.ApprovedIn = v.opened.ID
	next, err := v.Next(ctx, r, oauth.Person{
		Account: v.person.account, Session: v.opened.ID, Email: v.person.email, AuthenticatedAt: v.opened.AuthenticatedAt, AuthenticatedBy: v.opened.AuthenticatedBy,
	})
	if err != nil {
		return err
	}
	back, err := url.Parse(next.Location)
	if err != nil {
		return err
	}
	v.code = back.Query().Get("code")
	tokens, err := v.Exchange(ctx, oauth.Exchange{App: app, Code: v.code, RedirectURI: callback, Verifier: verifier})
	v.first = tokens.Issued
	return err
}

// ends are the ways in which a visit ends. In the first nobody does anything.
func (v *visit) ends() []func(context.Context) error {
	account := v.person.account
	return []func(context.Context) error{
		func(context.Context) error { return nil },
		func(ctx context.Context) error {
			return v.Sessions.End(ctx, account, v.opened.ID, authorization.SignedOut)
		},
		func(ctx context.Context) error { return v.Sessions.EndAll(ctx, account, uuid.Nil) },
		func(ctx context.Context) error { return v.Authorizations.EndApp(ctx, account, v.app) },
		func(ctx context.Context) error {
			hash, err := v.Ring.Hash(v.second.Token)
			if err != nil {
				return err
			}
			return v.Authorizations.EndToken(ctx, authorization.Account(account), hash, audit.RevokeToken)
		},
		v.reuseCode, v.reuseRefreshToken,
	}
}

func (v *visit) reuseCode(ctx context.Context) error {
	_, err := v.Exchange(ctx, oauth.Exchange{App: v.read(v.app), Code: v.code, RedirectURI: callback, Verifier: verifier})
	return refused("a code that was used", err)
}

func (v *visit) reuseRefreshToken(ctx context.Context) error {
	// It is long ago.
	if _, err := v.DB.Exec(ctx, `UPDATE refresh_tokens SET rotations = '' WHERE authorization_id = $1`, v.first.ID); err != nil {
		return err
	}
	_, err := v.Authorizations.Refresh(ctx, authorization.Renewal{Refresh: v.first.Refresh.Reveal(), Client: v.app, TokenLifetime: time.Minute})
	return refused("a refresh token that was used", err)
}

func refused(what string, err error) error {
	if fault.CodeOf(err) != fault.InvalidGrant {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// delete deletes the account, and registers its person again.
func (v *visit) delete(ctx context.Context) (err error) {
	if err := v.Accounts.Delete(ctx, v.person.account, password); err != nil {
		return err
	}
	v.person.deleted++
	v.person.account, err = v.Accounts.Create(ctx, v.person.email, password, true)
	return err
}
