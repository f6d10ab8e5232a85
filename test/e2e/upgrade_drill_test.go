//go:build e2e && drill

package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// drill is a platform with many people on it, some of whom have signed out.
type drill struct {
	live, dead, made *tokens
	people           []string
	traffic          *traffic
	began            time.Time
	client           *http.Client
}

// Both verify for the API books: auth-api as for a proxy, and helloworld by itself.
const (
	verifyDoor = ":30080/verify?api=books"
	helloDoor  = ":30081/hello"
)

const (
	accounts       = 5
	signInsPerDead = 5 // one of so many is ended
	signInsEach    = 60
)

// begin signs people in, ends some of it, and has all of it asked for from then on.
func begin(t *testing.T) *drill {
	t.Helper()
	openHelloworld(t)
	eventually(t, time.Minute, "no pod ends", func() error {
		out := inAuth(t, "get", "pods", "-o", "jsonpath={.items[*].metadata.deletionTimestamp}")
		if out != "" {
			return errors.New(out)
		}
		return nil
	})
	d := &drill{live: &tokens{}, dead: &tokens{}, made: &tokens{}, client: keeping(), traffic: &traffic{stop: make(chan struct{})}}
	d.client.Timeout = 5 * time.Second
	for range accounts {
		email, _ := member(t)
		grant(t, email)
		d.people = append(d.people, email)
		for i := range signInsEach {
			token := fmt.Sprint(want(t, 201, "POST", "/v1/sessions", "", credentials(email)).body["access_token"])
			if i%signInsPerDead != 0 {
				d.live.add(token)
				continue
			}
			want(t, 204, "DELETE", "/v1/sessions/current", token, nil)
			d.dead.add(token)
		}
	}
	d.check(t) // Doors are open before they are measured.
	d.began = time.Now()
	d.traffic.ask(&door{name: "a live token at auth-api, `GET /verify`", wanted: 204, ask: d.verify(d.live)}, 2, 5*time.Millisecond)
	d.traffic.ask(&door{name: "a live token at helloworld", wanted: 200, ask: d.hello(d.live)}, 2, 5*time.Millisecond)
	d.traffic.ask(&door{name: "an ended token at auth-api, `GET /verify`", wanted: 401, ask: d.verify(d.dead)}, 1, 5*time.Millisecond)
	d.traffic.ask(&door{name: "an ended token at helloworld", wanted: 401, ask: d.hello(d.dead)}, 1, 5*time.Millisecond)
	out := &door{name: "a sign-out", wanted: 204}
	d.traffic.ask(&door{name: "a sign-in", wanted: 201, ask: d.signIn(out)}, 1, 300*time.Millisecond)
	d.traffic.ask(out, 0, 0) // asked by whoever signs in
	d.traffic.flows(t, 5)
	return d
}

func credentials(email string) map[string]string {
	return map[string]string{"email": email, "password": password}
}

func (d *drill) get(url, token string) (int, error) {
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := do(d.client, r)
	return a.status, err
}

func (d *drill) verify(s *tokens) func() (int, error) {
	return func() (int, error) { return d.get("http://"+node()+verifyDoor, s.take()) }
}

func (d *drill) hello(s *tokens) func() (int, error) {
	return func() (int, error) { return d.get("http://"+node()+helloDoor, s.take()) }
}

// signIn signs in a new person for each forty times, since each may have a hundred sign-ins, and ends every third.
func (d *drill) signIn(out *door) func() (int, error) {
	times, email := 0, ""
	return func() (int, error) {
		if times%40 == 0 {
			next := fmt.Sprintf("grace-%d@books.test", time.Now().UnixNano())
			if err := createAccount(next); err != nil {
				return 0, err
			}
			email = next
		}
		a, err := send("POST", "/v1/sessions", "", credentials(email))
		if err != nil || a.status != 201 {
			return a.status, err
		}
		times++
		token := fmt.Sprint(a.body["access_token"])
		if times%3 != 0 {
			d.made.add(token)
			return a.status, nil
		}
		ended, err := send("DELETE", "/v1/sessions/current", token, nil)
		out.note(ended.status, err)
		// After another answer it may have ended or not.
		if err == nil && ended.status == 204 {
			d.dead.add(token)
		}
		return a.status, nil
	}
}
