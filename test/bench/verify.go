package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"time"
)

const (
	connections = 64
	// The bars of GET /verify against an empty answer, and against one read from
	// Redis a request.
	cachedBar, cachedTailBar, strictBar = 0.90, 1.5, 1.5
	floodTokens                         = 100_000
	// A flood of sign-ins is ten times what one processor hashes, 35 a second.
	signInFlood    = 350
	floodPause     = time.Second
	signInFloodBar = 1.2
	// flooded clients leave the processor that the flood needs.
	floodedClients = 4
)

// door is GET /verify, as a proxy asks.
func door(api *program, token string) load {
	return load{method: "GET", url: "http://" + api.addr + "/verify?api=books&scope=books:read", token: token, clients: connections}
}

// measureVerify compares GET /verify, from memory and strict, with an empty
// answer and with one read from Redis; and what a flood of made-up tokens does.
func measureVerify(ctx context.Context, st *stack, s settings, t *table) (err error) {
	api, err := st.startAPI(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, api.stop()) }()
	strict, err := st.startAPI(ctx, "AUTH_API_VERIFY_STRICT=true")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, strict.stop()) }()
	accessToken, stop, references, err := st.references(ctx, api)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	caller, err := st.introspector(ctx)
	if err != nil {
		return err
	}
	introspection := load{method: "POST", url: "http://" + api.addr + "/oauth/introspect", body: []byte("token=" + accessToken), form: true, basic: caller, clients: connections}

	results, err := inTurns(ctx, s.rounds, s.duration, append(references, door(api, accessToken).during, door(strict, accessToken).during, introspection.during)...)
	if err != nil {
		return err
	}
	nothing, read, cached, fresh := results[0], results[1], results[2], results[3]
	for i, name := range []string{"an empty Fiber answer", "Fiber and one Redis GET", "`GET /verify`, from memory", "`GET /verify`, strict: read from Redis each time", "`POST /oauth/introspect`, from memory"} {
		p50, p99 := percentiles(results[i])
		t.add(name+", a second", fmt.Sprintf("%s; p50 %s, p99 %s", rates(results[i]).digits(0), micro(p50), micro(p99)))
	}
	ratio := ratios(cached, nothing)
	t.judge("`GET /verify` from memory against an empty answer", ratio.digits(2), fmt.Sprintf("at least %.2f", cachedBar), ratio.median >= cachedBar)
	tail := over(cached, func(i int, r result) float64 { return float64(r.p99) / float64(nothing[i].p99) })
	t.judge("… its p99 against that of an empty answer", tail.digits(2), fmt.Sprintf("at most %.1f", cachedTailBar), tail.median <= cachedTailBar)
	ratio = ratios(fresh, read)
	t.judge("`GET /verify` strict against one Redis GET of a plain pool", ratio.digits(2), fmt.Sprintf("at least %.1f", strictBar), ratio.median >= strictBar)
	t.add("`GET /verify` strict against an empty answer", ratios(fresh, nothing).digits(2))
	t.add("`POST /oauth/introspect` from memory against an empty answer", ratios(results[4], nothing).digits(2))
	if err := st.flood(ctx, s, t, api, accessToken); err != nil {
		return err
	}
	return floodSignIns(ctx, s, t, api, accessToken)
}

// floodSignIns looks how verification fares while ten times as many sign in as
// there is room for: those over it are told to come again.
func floodSignIns(ctx context.Context, s settings, t *table, api *program, accessToken string) error {
	honest := door(api, accessToken)
	honest.clients = floodedClients
	crowd := signIns(api)
	crowd.clients, crowd.pause, crowd.statuses = signInFlood, floodPause, []int{http.StatusCreated, http.StatusServiceUnavailable, http.StatusTooManyRequests}
	flooded := func(ctx context.Context, d time.Duration) (result, error) {
		over := make(chan error, 1)
		go func() {
			_, err := crowd.during(ctx, d+d/4)
			over <- err
		}()
		r, err := honest.during(ctx, d)
		return r, errors.Join(err, <-over)
	}
	results, err := inTurns(ctx, s.rounds, s.duration, honest.during, flooded)
	if err != nil {
		return err
	}
	_, calm := percentiles(results[0])
	_, tail := percentiles(results[1])
	moved := over(results[1], func(i int, r result) float64 { return float64(r.p99) / float64(results[0][i].p99) })
	t.judge(fmt.Sprintf("p99 of `GET /verify` (%d clients) while %d a second sign in, against without", floodedClients, signInFlood),
		fmt.Sprintf("%s; %s against %s", moved.digits(2), micro(tail), micro(calm)), fmt.Sprintf("at most %.1f", signInFloodBar), moved.median <= signInFloodBar)
	t.add("… its throughput against without", ratios(results[1], results[0]).digits(2))
	return nil
}

// introspector makes a client of the API books; it gives id:secret.
func (st *stack) introspector(ctx context.Context) (string, error) {
	create := exec.CommandContext(ctx, st.binary, "client", "create", "books", "--name", "bench")
	create.Env = append(os.Environ(), st.env...)
	out, err := create.Output()
	if err != nil {
		return "", fmt.Errorf("make a client: %w", err)
	}
	var id, secret string
	if _, err := fmt.Sscanf(string(out), "id %s\nsecret %s", &id, &secret); err != nil {
		return "", fmt.Errorf("read a client's credentials: %w", err)
	}
	return id + ":" + secret, nil
}

// flood sends well-formed tokens that nobody was given, and looks how a live one
// fares meanwhile.
func (st *stack) flood(ctx context.Context, s settings, t *table, api *program, accessToken string) error {
	madeUp := door(api, "")
	madeUp.statuses = []int{http.StatusUnauthorized}
	var err error
	if madeUp.tokens, err = st.madeUp(floodTokens); err != nil {
		return err
	}
	honest := door(api, accessToken)
	honest.clients = floodedClients
	alone, err := honest.during(ctx, s.duration)
	if err != nil {
		return err
	}
	flooded := make(chan error, 1)
	var flood result
	go func() {
		var err error
		flood, err = madeUp.during(ctx, s.duration+s.duration/2)
		flooded <- err
	}()
	meanwhile, err := honest.during(ctx, s.duration)
	if err := errors.Join(err, <-flooded); err != nil {
		return err
	}
	t.add("made-up tokens refused, a second (64 clients)", fmt.Sprintf("%.0f; p50 %s, p99 %s", flood.perSecond, micro(flood.p50), micro(flood.p99)))
	t.add(fmt.Sprintf("a live token at `GET /verify` meanwhile (%d clients)", floodedClients), fmt.Sprintf("%.0f a second, p50 %s, p99 %s; without the flood %.0f, %s, %s",
		meanwhile.perSecond, micro(meanwhile.p50), micro(meanwhile.p99), alone.perSecond, micro(alone.p50), micro(alone.p99)))
	return nil
}
