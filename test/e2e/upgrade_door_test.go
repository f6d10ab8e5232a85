//go:build e2e && drill

package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// door is one kind of request during an upgrade, and how it was answered.
type door struct {
	name string
	// wanted is the right answer. allowed besides it is 503, and no answer at all.
	wanted int
	ask    func() (int, error)

	mu         sync.Mutex
	right      int
	busy       int // 503
	unanswered int
	wrong      int
	firstWrong string
	firstError string
	last       time.Time // of the last right answer
	gap        time.Duration
}

// note records an answer. The gap is from the last right answer to the next, whatever was between them.
func (d *door) note(status int, err error) {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err != nil:
		d.unanswered++
		if d.firstError == "" {
			d.firstError = fmt.Sprintf("%v at %s", err, now.Format(time.StampMilli))
		}
	case status == d.wanted:
		d.right++
		d.gap = max(d.gap, now.Sub(d.last))
		d.last = now
	case status == http.StatusServiceUnavailable:
		d.busy++
	default:
		d.wrong++
		if d.firstWrong == "" {
			d.firstWrong = fmt.Sprintf("%d at %s", status, now.Format(time.StampMilli))
		}
	}
}

func (d *door) answers() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.right
}

// traffic asks at doors until it is ended.
type traffic struct {
	doors []*door
	stop  chan struct{}
	all   sync.WaitGroup
}

// ask has some ask at a door again and again, with a pause after each answer.
func (l *traffic) ask(d *door, askers int, pause time.Duration) {
	d.last = time.Now()
	l.doors = append(l.doors, d)
	for range askers {
		l.all.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				case <-time.After(pause):
				}
				d.note(d.ask())
			}
		})
	}
}

// flows waits until each door has given so many right answers more.
func (l *traffic) flows(t *testing.T, more int) {
	t.Helper()
	for _, d := range l.doors {
		before := d.answers()
		eventually(t, time.Minute, d.name, func() error {
			if now := d.answers(); now < before+more {
				return fmt.Errorf("%d right answers, %d before", now, before)
			}
			return nil
		})
	}
}

// end stops the traffic and prints a line for each door.
func (l *traffic) end(t *testing.T, what string, began time.Time) {
	t.Helper()
	close(l.stop)
	l.all.Wait()
	table := fmt.Sprintf("\n%s, %.0f s\n| asked | right | 503 | no answer | wrong | longest gap between right answers |\n| --- | --- | --- | --- | --- | --- |\n", what, time.Since(began).Seconds())
	for _, d := range l.doors {
		table += fmt.Sprintf("| %s | %d × %d | %d | %d | %d | %.2f s |\n", d.name, d.right, d.wanted, d.busy, d.unanswered, d.wrong, d.gap.Seconds())
		if d.unanswered > 0 {
			table += fmt.Sprintf("  no answer, first: %s\n", d.firstError)
		}
		if d.wrong > 0 {
			t.Errorf("%s: %d answers that nobody may get, the first %s", d.name, d.wrong, d.firstWrong)
		}
	}
	t.Log(table)
}

// tokens are those that requests take in turn.
type tokens struct {
	mu   sync.Mutex
	all  []string
	next int
}

func (s *tokens) add(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, token)
}

func (s *tokens) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = (s.next + 1) % len(s.all)
	return s.all[s.next]
}

func (s *tokens) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}
