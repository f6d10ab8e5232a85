package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/verify/token"
)

const (
	// PushedLifetime is how long an app may take to send the browser with a pushed request.
	PushedLifetime = 90 * time.Second
	// pushedPrefix begins a request_uri (RFC 9126, section 2.2).
	pushedPrefix = "urn:ietf:params:oauth:request_uri:"
	// maxPushed is how many pushed requests of one client may wait at once: a public client's
	// can be made by anybody.
	maxPushed = 1000
)

// Push keeps the parameters of an authorization request that a client sends directly (RFC
// 9126), and returns the request_uri for them. What is wrong with them is a Refusal. Faults:
// malformed_request (the redirect URI), too_many_tokens, store_unavailable.
func (s *Service) Push(ctx context.Context, app client.App, p Params) (requestURI string, refusal *Refusal, err error) {
	if p.Get("request_uri") != "" {
		return "", &Refusal{InvalidRequest, "A pushed request has no request_uri."}, nil
	}
	p = maps.Clone(p)
	for _, secret := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		delete(p, secret)
	}
	p["client_id"] = []string{app.ID.String()}
	r, err := s.Begin(ctx, p)
	if err != nil || r.Refusal != nil {
		return "", r.Refusal, err
	}
	name, err := token.MintSecret(s.Random, "")
	if err != nil {
		return "", nil, fmt.Errorf("push an authorization request: %w", err)
	}
	parameters, err := json.Marshal(p)
	if err != nil {
		return "", nil, fmt.Errorf("push an authorization request: %w", err)
	}
	now := s.Now()
	err = s.DB.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO pushed_requests (hash, client_id, parameters, expires_at)
			SELECT $1, $2, $3, $4 WHERE (SELECT count(*) FROM pushed_requests WHERE client_id = $2 AND expires_at > $5) < $6`,
			hashOf(name), app.ID, parameters, now.Add(PushedLifetime), now, maxPushed)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return fault.New(fault.TooManyTokens, "Too many pushed requests of this client wait for their browsers.")
		}
		return nil
	})
	if err != nil {
		return "", nil, fmt.Errorf("push an authorization request: %w", err)
	}
	return pushedPrefix + name, nil, nil
}

// pushed returns the parameters of a pushed request. It can be used again while it lives,
// since people reload pages (RFC 9126, section 4); from then on the sealed request lives by
// itself. Faults: request_expired, store_unavailable.
func (s *Service) pushed(ctx context.Context, clientID, requestURI string) (p Params, err error) {
	id, errID := uuid.Parse(clientID)
	name, found := strings.CutPrefix(requestURI, pushedPrefix)
	if errID != nil || !found {
		return nil, fault.New(fault.RequestExpired, "The app's link has no request that it has pushed before. Go back to the app and sign in from there.")
	}
	var parameters []byte
	err = s.DB.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, `SELECT parameters FROM pushed_requests WHERE hash = $1 AND client_id = $2 AND expires_at > $3`, hashOf(name), id, s.Now()).Scan(&parameters)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.New(fault.RequestExpired, "The app's link is older than 90 seconds. Go back to the app and sign in from there.")
	}
	if err != nil {
		return nil, fmt.Errorf("read a pushed request: %w", err)
	}
	if err := json.Unmarshal(parameters, &p); err != nil {
		return nil, fmt.Errorf("read a pushed request: %w", err)
	}
	return p, nil
}
