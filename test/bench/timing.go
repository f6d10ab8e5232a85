package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/mailbox"
)

const (
	// owners is how many accounts of each kind there are: after a hundred wrong passwords in
	// a row an account is locked.
	owners = 30
	warmUp = 10
	wrong  = "seven quiet lanterns drift"
	// A difference counts if it is larger than effectBar and its p is below chanceBar.
	effectBar = 0.01
	chanceBar = 0.001
)

// kind is one sort of request, and how long its answers took.
type kind struct {
	door, name string
	// request is the load for the nth try. Its wanted statuses are the same for all kinds of
	// a door.
	request func(n int) load
	took    []time.Duration
}

// errTold is the end of a run that found a difference.
var errTold = errors.New("the time of an answer tells who has an account")

// measureTiming sends requests for known and unknown addresses, one after the other and in a
// random order, and compares their times.
func measureTiming(ctx context.Context, st *stack, s settings, t *table) error {
	// Hashes of accounts that are made now are older ones later, when a hash costs more.
	if err := st.createAll(ctx, "old", nil); err != nil {
		return err
	}
	box, err := mailbox.Start()
	if err != nil {
		return err
	}
	defer func() { _ = box.Stop() }()
	if err := st.addForgetful(ctx, warmUp+s.tries); err != nil {
		return err
	}
	costlier := append(wideLimits(), "PASSWORD_TIME=3", "AUTH_API_REGISTRATION=open", "AUTH_API_SMTP_URL="+box.SMTP, "AUTH_API_MAIL_FROM=auth@books.test", "AUTH_API_ISSUER=http://127.0.0.1:1")
	for _, name := range []string{"known", "disabled"} {
		if err := st.createAll(ctx, name, costlier); err != nil {
			return err
		}
	}
	if err := st.disable(ctx, "disabled"); err != nil {
		return err
	}
	return st.servingWith(ctx, costlier, func(api *program) error {
		kinds := timedKinds(api.addr)
		// Statements are prepared, and workers started, before anything is timed.
		if err := tryAll(ctx, kinds, 0, warmUp); err != nil {
			return err
		}
		for n := range kinds {
			kinds[n].took = nil
		}
		if err := tryAll(ctx, kinds, warmUp, s.tries); err != nil {
			return err
		}
		return t.compare(kinds)
	})
}

// wideLimits let one address try as often as it likes. Limits that are off would make the
// way of a request shorter.
func wideLimits() []string {
	return []string{
		"AUTH_API_PASSWORD_GRANT=true", "AUTH_API_LIMIT_CLIENT=off",
		"AUTH_API_LIMIT_SIGN_IN=100000/1s", "AUTH_API_LIMIT_SIGN_IN_OVERALL=2500/1s", "AUTH_API_LIMIT_ACCOUNT=100000/1s",
		"AUTH_API_LIMIT_REGISTRATION=100000/1s", "AUTH_API_LIMIT_REGISTRATION_OVERALL=2500/1s",
	}
}

// servingWith is serving with more settings.
func (st *stack) servingWith(ctx context.Context, more []string, do func(api *program) error) error {
	api, err := st.startAPI(ctx, more...)
	if err != nil {
		return err
	}
	return errors.Join(do(api), api.stop())
}

// address is that of one of the accounts of a name.
func address(name string, n int) string { return fmt.Sprintf("%s-%02d@books.test", name, n%owners) }

// createAll makes the accounts of a name, with more settings.
func (st *stack) createAll(ctx context.Context, name string, more []string) error {
	for n := range owners {
		if err := st.createAccount(ctx, address(name, n), more...); err != nil {
			return err
		}
	}
	return nil
}

// forgetful is the address of somebody who asks for a new password once, and once for another
// account: an address is sent only a few codes an hour.
func forgetful(n int) string { return fmt.Sprintf("forgetful-%06d@books.test", n) }

// addForgetful adds accounts that have these addresses, whose passwords nobody knows.
func (st *stack) addForgetful(ctx context.Context, n int) error {
	c, err := pgx.Connect(ctx, st.postgres.URL)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer c.Close(ctx)
	for i := range n {
		if _, err := c.Exec(ctx, `INSERT INTO accounts (id, email, password_hash) VALUES (gen_random_uuid(), $1, '')`, forgetful(i)); err != nil {
			return fmt.Errorf("add accounts: %w", err)
		}
	}
	return nil
}

func (st *stack) disable(ctx context.Context, name string) error {
	c, err := pgx.Connect(ctx, st.postgres.URL)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer c.Close(ctx)
	tag, err := c.Exec(ctx, `UPDATE accounts SET status = 'disabled' WHERE email LIKE $1 || '-%'`, name)
	if err == nil && tag.RowsAffected() != owners {
		err = fmt.Errorf("%d accounts are disabled, want %d", tag.RowsAffected(), owners)
	}
	return err
}

// timedKinds are the kinds that nobody may tell from the first one of their door.
func timedKinds(addr string) (kinds []kind) {
	register := func(email string) load {
		return load{method: "POST", url: "http://" + addr + "/v1/accounts", body: fmt.Appendf(nil, `{"email":%q}`, email), statuses: []int{http.StatusAccepted}}
	}
	kinds = append(kinds,
		kind{door: "register", name: "a new address", request: func(n int) load { return register(fmt.Sprintf("new-%06d@books.test", n)) }},
		kind{door: "register", name: "a known address", request: func(n int) load { return register(forgetful(n)) }})
	reset := func(email string) load {
		return load{method: "POST", url: "http://" + addr + "/v1/password-resets", body: fmt.Appendf(nil, `{"email":%q}`, email), statuses: []int{http.StatusAccepted}}
	}
	kinds = append(kinds,
		kind{door: "reset", name: "an unknown address", request: func(n int) load { return reset(fmt.Sprintf("unknowable-%06d@books.test", n)) }},
		kind{door: "reset", name: "a known address", request: func(n int) load { return reset(forgetful(n)) }})
	signIn := func(email string) load {
		return load{method: "POST", url: "http://" + addr + "/v1/sessions", body: fmt.Appendf(nil, `{"email":%q,"password":%q}`, email, wrong), statuses: []int{http.StatusUnauthorized}}
	}
	form := func(email string) load {
		body := url.Values{"grant_type": {"password"}, "username": {email}, "password": {wrong}}.Encode()
		return load{method: "POST", url: "http://" + addr + "/oauth/token", body: []byte(body), form: true, statuses: []int{http.StatusBadRequest}}
	}
	for _, door := range []struct {
		name    string
		request func(email string) load
	}{{"sign in", signIn}, {"password form", form}} {
		for _, of := range []struct{ kind, account string }{
			{"an unknown address", "nobody"}, {"a known address", "known"}, {"a disabled account", "disabled"}, {"a hash of older costs", "old"},
		} {
			kinds = append(kinds, kind{door: door.name, name: of.kind, request: func(n int) load { return door.request(address(of.account, n)) }})
		}
	}
	return kinds
}

// tryAll makes the tries of each kind from the first on, in a random order and each over a
// connection of its own: what else the machine does falls on all kinds alike.
func tryAll(ctx context.Context, kinds []kind, first, tries int) error {
	for _, turn := range rand.Perm(len(kinds) * tries) {
		if err := ctx.Err(); err != nil {
			return err
		}
		k := &kinds[turn%len(kinds)]
		request := k.request(first + turn/len(kinds))
		connection, err := request.connect()
		if err != nil {
			return err
		}
		sent := time.Now()
		status, body, err := connection.do("")
		took := time.Since(sent)
		_ = connection.conn.Close()
		if err != nil {
			return fmt.Errorf("%s, %s: %w", k.door, k.name, err)
		}
		if !request.wanted(status) {
			return fmt.Errorf("%s, %s: %d %s", k.door, k.name, status, body)
		}
		k.took = append(k.took, took)
	}
	return nil
}

// compare adds a row for each kind. The error is errTold if one differs from the first of its
// door.
func (t *table) compare(kinds []kind) (err error) {
	first := map[string]kind{}
	for _, k := range kinds {
		reference, found := first[k.door]
		if !found {
			first[k.door] = k
			t.add(k.door+", "+k.name, fmt.Sprintf("%.2f ms (median of %d)", float64(medianOf(k.took).Microseconds())/1000, len(k.took)))
			continue
		}
		effect, p := k.against(reference)
		alike := math.Abs(effect) <= effectBar || p >= chanceBar
		t.judge(k.door+", "+k.name, fmt.Sprintf("%.2f ms, %+.2f %%, p %.3f", float64(medianOf(k.took).Microseconds())/1000, 100*effect, p),
			fmt.Sprintf("at most %.0f %%, or p over %.3f", 100*effectBar, chanceBar), alike)
		if !alike {
			err = errTold
		}
	}
	return err
}

// against compares a kind with the reference of its door: the difference of the medians
// divided by the reference's, and the probability that it is chance.
func (k kind) against(reference kind) (effect, p float64) {
	ours, theirs := medianOf(k.took), medianOf(reference.took)
	return float64(ours-theirs) / float64(theirs), sameDistribution(k.took, reference.took)
}
