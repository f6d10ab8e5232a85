package surface_test

import (
	"encoding/json"
	"slices"
)

// person is an account, as the fuzzer knows it.
type person struct {
	email, password string
	devices         []string
}

// bearer is a token that was given out, to whom, and whether it was refused since.
type bearer struct {
	token string
	owner *person
	ended bool
}

// secret are the credentials of a client.
type secret struct{ id, secret string }

// known is what the fuzzer has learnt from answers. What has ended stays: it is sent again.
type known struct {
	people   []*person
	tokens   []*bearer
	sessions []string
	clients  []secret
}

// memory is how many of each kind are remembered: the newest.
const memory = 40

// learn takes up what an answer to a request tells.
func (k *known) learn(r *request, status int, body []byte) {
	if status == 401 && r.bearer != nil {
		r.bearer.ended = true
	}
	switch {
	case r.op == "sign-in" && status == 401:
		// Deleted, or with another password than is known here.
		k.people = slices.DeleteFunc(k.people, func(p *person) bool { return p.email == r.fields["email"] && p.password == r.fields["password"] })
	case r.op == "change-password" && status == 204 && r.bearer != nil:
		r.bearer.owner.password = r.fields["new_password"]
	}
	var answer struct {
		Token    string `json:"access_token"`
		Device   string `json:"device_token"`
		Session  any    `json:"session"`
		Sessions []struct {
			ID string `json:"id"`
		} `json:"sessions"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return
	}
	for _, s := range answer.Sessions {
		k.session(s.ID)
	}
	if view, is := answer.Session.(map[string]any); is {
		id, _ := view["id"].(string)
		k.session(id)
	}
	if answer.Token == "" {
		return
	}
	for _, p := range k.people {
		if p.email == r.fields["email"] || p.email == r.fields["username"] {
			k.tokens = last(append(k.tokens, &bearer{token: answer.Token, owner: p}))
			if answer.Device != "" {
				p.devices = last(append(p.devices, answer.Device))
			}
		}
	}
}

// live are the tokens that nobody has refused yet.
func (k *known) live() (all []*bearer) {
	for _, b := range k.tokens {
		if !b.ended {
			all = append(all, b)
		}
	}
	return all
}

func (k *known) session(id string) {
	if id != "" && !slices.Contains(k.sessions, id) {
		k.sessions = last(append(k.sessions, id))
	}
}

func last[T any](all []T) []T { return all[max(0, len(all)-memory):] }
