package access

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify/token"
)

// writableKey never exists. SET with XX on it changes nothing, but Redis refuses it exactly
// when it would refuse the record of a sign-in.
const writableKey = token.KeyPrefix + "writable"

// Condition is whether Redis can serve at the moment.
type Condition struct {
	// Down means that no token can be verified.
	Down bool
	// Problem is a sentence about what is wrong and how to fix it; empty if nothing is. It
	// holds no secret.
	Problem string
	// Blind means that Redis does not tell whether it may evict keys.
	Blind bool
	// Err is the error of Redis, if there is one.
	Err error
}

// Check tests whether Redis can be read and accepts writes, and whether any master may
// evict keys.
func (s *Store) Check(ctx context.Context) Condition {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.redis.Get(ctx, token.RebuiltKey).Err(); err != nil && !errors.Is(err, redis.Nil) {
		return Condition{Down: !redis.HasErrorPrefix(err, "WRONGTYPE"), Problem: explain(err), Err: err}
	}
	if err := s.redis.SetXX(ctx, writableKey, "", 0).Err(); err != nil && !errors.Is(err, redis.Nil) {
		return Condition{Problem: explain(err), Err: err}
	}
	now, err := s.masters(ctx)
	if err != nil {
		return Condition{Problem: explain(err), Err: err}
	}
	// In a cluster, SET has tested only one master.
	for _, m := range now {
		switch {
		case m.full:
			return Condition{Problem: problemFull}
		case m.replica:
			return Condition{Problem: problemReplica}
		case m.diskFailing:
			return Condition{Problem: problemDisk}
		case m.evicts():
			return Condition{Problem: fmt.Sprintf("Redis may evict records of live tokens (maxmemory-policy %s): unknown tokens are answered with 503. Set it to noeviction.", m.policy)}
		case m.policy != "" && m.policy != noEviction:
			return Condition{Problem: fmt.Sprintf("Redis will evict records of live tokens once it has a memory limit (maxmemory-policy %s). Set it to noeviction.", m.policy)}
		}
	}
	return Condition{Blind: slices.ContainsFunc(now, func(m master) bool { return m.policy == "" })}
}

const (
	problemFull    = "Redis is full (maxmemory): nobody can sign in until it has room. Give it more memory."
	problemReplica = "Redis is a replica that accepts no writes: nobody can sign in or out. Name its master."
	problemDisk    = "Redis cannot write to its disk and refuses changes: nobody can sign in or out. Check its log and its disk."
)

// explain translates an error of Redis into what is wrong and how to fix it.
func explain(err error) string {
	for _, known := range []struct{ prefix, problem string }{
		{"OOM", problemFull},
		{"MISCONF", problemDisk},
		{"READONLY", problemReplica},
		{"NOREPLICAS", "Redis has too few replicas to accept writes (min-replicas-to-write): nobody can sign in or out."},
		{"LOADING", "Redis is loading its data: it will answer when it is done."},
		{"MASTERDOWN", "Redis is a replica without its master, and answers nothing."},
		{"CLUSTERDOWN", "The Redis Cluster does not serve every slot: check its nodes."},
		{"NOAUTH", "Redis wants a password: set SESSION_DB_PASSWORD."},
		{"WRONGPASS", "Redis refuses the user or the password: compare SESSION_DB_USER and SESSION_DB_PASSWORD with its users."},
		{"NOPERM", "Redis does not allow its user a command or a key: give it the rights that docs/storage.md lists."},
		{"DENIED", "Redis is in protected mode and accepts no connections from other machines: give it a password or bind it elsewhere."},
		{"ERR max number of clients", "Redis accepts no more connections (maxclients)."},
		{"WRONGTYPE", "Another program uses the key " + token.RebuiltKey + ": give auth-api a Redis or a database number of its own."},
		{"ERR invalid DB index", "Redis has no database of that number: change the number at the end of SESSION_DB_URL."},
		{"ERR DB index is out of range", "Redis has no database of that number: change the number at the end of SESSION_DB_URL."},
	} {
		if redis.HasErrorPrefix(err, known.prefix) {
			return known.problem
		}
	}
	return explainConnection(err)
}
