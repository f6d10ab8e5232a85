package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/verify/token"
)

// generations says how many descendants a sign-in has: 10,000 in four generations.
func generations() []int { return []int{10, 100, 1000, 8890} }

// growTree gives a sign-in descendants in Postgres, each with a token.
func (st *stack) growTree(ctx context.Context, root string) (tokens []string, err error) {
	db, err := pgx.Connect(ctx, st.postgres.URL)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	ring, err := token.ParseKeyRing(st.tokenKey)
	if err != nil {
		return nil, err
	}
	parents := []string{root}
	for _, size := range generations() {
		var ids, of []string
		var hashes [][]byte
		for n := range size {
			made, hash, err := ring.Mint(rand.Reader, token.Access)
			if err != nil {
				return nil, err
			}
			id, err := uuid.NewV7()
			if err != nil {
				return nil, fmt.Errorf("make an id: %w", err)
			}
			ids, of, hashes, tokens = append(ids, id.String()), append(of, parents[n%len(parents)]), append(hashes, hash[:]), append(tokens, made.Reveal())
		}
		_, err := db.Exec(ctx, `
			WITH grown AS (
				INSERT INTO authorizations (id, kind, subject_id, parent_id, chain, root_id, epoch, scopes, audiences, amr, auth_time, created_at, used_at, written_at, expires_at)
				SELECT n.id, 'exchange', p.subject_id, p.id, p.chain || n.id, p.root_id, p.epoch, p.scopes, p.audiences, p.amr, p.auth_time, now(), now(), now(), p.expires_at
				FROM unnest($1::uuid[], $2::uuid[]) n(id, parent) JOIN authorizations p ON p.id = n.parent
				RETURNING id)
			INSERT INTO access_tokens (hash, authorization_id, issued_at, expires_at)
			SELECT n.hash, g.id, now(), now() + interval '15 minutes' FROM unnest($1::uuid[], $3::bytea[]) n(id, hash) JOIN grown g ON g.id = n.id`, ids, of, hashes)
		if err != nil {
			return nil, fmt.Errorf("grow a tree: %w", err)
		}
		parents = ids
	}
	return tokens, nil
}

// signInWithID signs in and gives the id of the session.
func (p *program) signInWithID(ctx context.Context) (id string, err error) {
	answer, err := p.post(ctx, "/v1/sessions", email, http.StatusCreated)
	if err != nil {
		return "", err
	}
	session, _ := answer["session"].(map[string]any)
	id, found := session["id"].(string)
	if !found {
		return "", errors.New("a sign-in gave no session.id")
	}
	return id, nil
}

// refill lets auth-api fill Redis with what Postgres has.
func (st *stack) refill(ctx context.Context) error {
	if err := st.client.Del(ctx, token.RebuiltKey).Err(); err != nil {
		return fmt.Errorf("take away the mark of the rebuild: %w", err)
	}
	for !strings.HasPrefix(st.client.Get(ctx, token.RebuiltKey).Val(), "2.") {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
