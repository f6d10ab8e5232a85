package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

const bytesBar = 300

// measureBytes asks Redis what the record of a typical account's token costs it.
func measureBytes(ctx context.Context, st *stack, _ settings, t *table) error {
	var key string
	err := st.serving(ctx, func(api *program) (err error) {
		_, key, err = st.onlyToken(ctx, api)
		return err
	})
	if err != nil {
		return err
	}
	size, err := st.client.MemoryUsage(ctx, key).Result()
	if err != nil {
		return fmt.Errorf("ask Redis for the size of a record: %w", err)
	}
	// What it holds is read back, so that the row cannot claim another account.
	text, err := st.client.Get(ctx, key).Result()
	if err != nil {
		return fmt.Errorf("read a record: %w", err)
	}
	ring, err := token.ParseKeyRing(st.tokenKey)
	if err != nil {
		return err
	}
	hash, _ := token.ParseKey(key)
	r, err := record.Decode(ring, hash, text)
	if err != nil {
		return fmt.Errorf("read a record: %w", err)
	}
	what := fmt.Sprintf("a token in Redis (%d audiences, %d scopes, address of %d bytes)", len(r.Audiences), len(r.Scopes), len(r.Email))
	t.judge(what, fmt.Sprintf("%d bytes", size), fmt.Sprintf("under %d bytes", bytesBar), size < bytesBar)
	return nil
}

// onlyToken signs in so that Redis holds this token and no other, and gives the
// token and the key of its record.
func (st *stack) onlyToken(ctx context.Context, api *program) (accessToken, key string, err error) {
	if err := st.forgetTokens(ctx); err != nil {
		return "", "", err
	}
	if accessToken, err = api.signIn(ctx); err != nil {
		return "", "", err
	}
	keys, err := st.client.Keys(ctx, "session:*").Result()
	if err != nil {
		return "", "", fmt.Errorf("find the token's record: %w", err)
	}
	keys = slices.DeleteFunc(keys, func(key string) bool {
		_, ours := token.ParseKey(key)
		return !ours
	})
	if len(keys) != 1 {
		return "", "", fmt.Errorf("find the token's record: %d keys, want one", len(keys))
	}
	return accessToken, keys[0], nil
}

// grant gives the account roles of two APIs: with the scope that every account
// has, four scopes.
func (st *stack) grant(ctx context.Context) error {
	c, err := pgx.Connect(ctx, st.postgres.URL)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer c.Close(ctx)
	for _, sql := range []string{
		`INSERT INTO apis (id, audience, scopes) VALUES (gen_random_uuid(), 'books', '{books:read,books:write}'), (gen_random_uuid(), 'shop', '{shop:buy}')`,
		`INSERT INTO roles (id, api_id, name, scopes) SELECT gen_random_uuid(), id, 'editor', scopes FROM apis`,
		`WITH s AS (INSERT INTO subjects (id, kind) SELECT id, 'account' FROM accounts ON CONFLICT DO NOTHING) INSERT INTO role_assignments (subject_id, role_id) SELECT a.id, r.id FROM accounts a, roles r`,
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("grant roles: %w", err)
		}
	}
	return nil
}

// forgetTokens empties Redis but for the mark that says that nothing is lost:
// without it auth-api would fill it again.
func (st *stack) forgetTokens(ctx context.Context) error {
	mark, err := st.client.Get(ctx, token.RebuiltKey).Result()
	if err != nil {
		return fmt.Errorf("read the mark of the rebuild: %w", err)
	}
	_, err = st.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.FlushDB(ctx)
		tx.Set(ctx, token.RebuiltKey, mark, 0)
		return nil
	})
	if err != nil {
		return fmt.Errorf("empty Redis: %w", err)
	}
	return nil
}
