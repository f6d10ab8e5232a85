package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	treeBar = time.Second
	// treeSamples is how many descendants the doors are asked about while the tree ends: some
	// of each generation, and the one of which Redis hears last.
	treeSamples  = 16
	treeDeadline = time.Minute
)

// measureTree ends a sign-in with 10,000 descendants, again and again, and looks how long
// any of them passes at a door.
func measureTree(ctx context.Context, st *stack, s settings, t *table) (err error) {
	one, err := st.startAPI(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, one.stop()) }()
	other, err := st.startAPI(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, other.stop()) }()
	doors, done, err := st.treeDoors(ctx, one, other)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	var answered, passed []time.Duration
	alive := 0
	for range s.rounds {
		e, err := st.endTree(ctx, one, doors)
		if err != nil {
			return err
		}
		answered, passed, alive = append(answered, e.answered), append(passed, e.passed), alive+e.alive
	}
	slices.Sort(answered)
	slices.Sort(passed)
	worst := passed[len(passed)-1]
	t.add(fmt.Sprintf("a sign-in with 10,000 descendants in four generations is ended (%d times), answered after", s.rounds), fmt.Sprintf("%s, the worst %s", milli(percentile(answered, 50)), milli(answered[len(answered)-1])))
	t.judge(fmt.Sprintf("… one of them passes at one of %d doors for the last time after", len(doors)), fmt.Sprintf("%s, the worst %s", milli(percentile(passed, 50)), milli(worst)), "under "+treeBar.String(), worst < treeBar)
	t.judge("… of 10,000 alive at any door after that", fmt.Sprint(alive), "none", alive == 0)
	return nil
}

// endedTree is what was seen of one end.
type endedTree struct {
	// answered is after what time the end was answered, passed when the last token passed.
	answered, passed time.Duration
	// alive is how many tokens passed at any door afterwards.
	alive int
}

func (st *stack) endTree(ctx context.Context, api *program, doors []treeDoor) (e endedTree, err error) {
	ctx, cancel := context.WithTimeout(ctx, treeDeadline)
	defer cancel()
	acting, err := api.signIn(ctx)
	if err != nil {
		return e, err
	}
	root, err := api.signInWithID(ctx)
	if err != nil {
		return e, err
	}
	tokens, err := st.growTree(ctx, root)
	if err != nil {
		return e, err
	}
	if err := st.refill(ctx); err != nil {
		return e, err
	}
	before, err := alive(ctx, doors, tokens)
	if err != nil {
		return e, err
	}
	if before != len(doors)*len(tokens) { // The test would show nothing.
		return e, fmt.Errorf("%d tokens pass at %d doors only %d times before the end", len(tokens), len(doors), before)
	}
	samples := []string{tokens[len(tokens)-1]}
	for n := 0; len(samples) < treeSamples; n += len(tokens) / treeSamples {
		samples = append(samples, tokens[n])
	}
	last, failed := make([]time.Duration, len(doors)), make([]error, len(doors))
	var all sync.WaitGroup
	began := time.Now()
	for n, d := range doors {
		all.Go(func() { last[n], failed[n] = lastPass(ctx, d, samples, began) })
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, "http://"+api.addr+"/v1/sessions/"+root, nil)
	if err != nil {
		return e, err
	}
	status, err := send(r, acting)
	e.answered = time.Since(began)
	if err != nil || status != http.StatusNoContent {
		cancel()
		err = fmt.Errorf("end a sign-in with 10,000 descendants: %d, %w", status, err)
	}
	all.Wait()
	if err := errors.Join(append(failed, err)...); err != nil {
		return e, err
	}
	e.passed = slices.Max(last)
	e.alive, err = alive(ctx, doors, tokens)
	return e, err
}
