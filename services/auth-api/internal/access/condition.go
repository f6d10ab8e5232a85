package access

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify/token"
)

// writableKey is never there: writing it only where it is changes nothing, and Redis
// still refuses that exactly when it would refuse a sign-in's record.
const writableKey = token.KeyPrefix + "writable"

// Condition is how well Redis can serve at one moment.
type Condition struct {
	// Down says that no token can be verified.
	Down bool
	// Problem says in a sentence what is wrong and what mends it; empty if nothing is.
	// It holds nothing that is secret.
	Problem string
	// Blind says that Redis does not tell whether it may evict keys.
	Blind bool
	// Err is what Redis answered, if it refused something.
	Err error
}

// Check asks every master how it does: whether it can be read, whether it takes
// writes, and whether it may evict what it holds.
func (s *Store) Check(ctx context.Context) Condition {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.redis.Get(ctx, token.RebuiltKey).Err(); err != nil && !errors.Is(err, redis.Nil) {
		return Condition{Down: !redis.HasErrorPrefix(err, "WRONGTYPE"), Problem: explain(err), Err: err}
	}
	if err := s.redis.SetXX(ctx, writableKey, "", 0).Err(); err != nil && !errors.Is(err, redis.Nil) {
		return Condition{Problem: explain(err), Err: err}
	}
	now, err := s.processes(ctx)
	if err != nil {
		return Condition{Problem: explain(err), Err: err}
	}
	// Of several masters SET has asked one.
	for _, p := range now {
		switch {
		case p.full:
			return Condition{Problem: problemFull}
		case p.replica:
			return Condition{Problem: problemReplica}
		case p.unwritten:
			return Condition{Problem: problemDisk}
		case p.evicts():
			return Condition{Problem: fmt.Sprintf("Redis may evict records of live tokens (maxmemory-policy %s): unknown tokens are answered with 503. Set it to noeviction.", p.policy)}
		case p.policy != "" && p.policy != noEviction:
			return Condition{Problem: fmt.Sprintf("Redis will evict records of live tokens once it has a memory limit (maxmemory-policy %s). Set it to noeviction.", p.policy)}
		}
	}
	return Condition{Blind: slices.ContainsFunc(now, func(p process) bool { return p.policy == "" })}
}

const (
	problemFull    = "Redis is full (maxmemory): nobody can sign in until it has room. Give it more memory."
	problemReplica = "Redis is a replica that takes no writes: nobody can sign in or out. Name its master."
	problemDisk    = "Redis cannot write to its disk and refuses changes: nobody can sign in or out. Look at its log and its disk."
)

// explain says what an error of Redis means and what mends it.
func explain(err error) string {
	for _, known := range []struct{ prefix, problem string }{
		{"OOM", problemFull},
		{"MISCONF", problemDisk},
		{"READONLY", problemReplica},
		{"NOREPLICAS", "Redis has too few replicas to take writes (min-replicas-to-write): nobody can sign in or out."},
		{"LOADING", "Redis is loading its data: it will answer when it has."},
		{"MASTERDOWN", "Redis is a replica without its master, and answers nothing."},
		{"CLUSTERDOWN", "The Redis Cluster does not serve every slot: look at its nodes."},
		{"NOAUTH", "Redis wants a password: set SESSION_DB_PASSWORD."},
		{"WRONGPASS", "Redis refuses the user or the password: compare SESSION_DB_USER and SESSION_DB_PASSWORD with its users."},
		{"NOPERM", "Redis does not allow its user a command or a key: give it the rights that docs/storage.md lists."},
		{"DENIED", "Redis is in protected mode and takes no connections from other machines: give it a password or bind it elsewhere."},
		{"ERR max number of clients", "Redis takes no more connections (maxclients)."},
		{"WRONGTYPE", "Another program uses the key " + token.RebuiltKey + ": give auth-api a Redis or a database number of its own."},
		{"ERR invalid DB index", "Redis has no database of that number: change the number at the end of SESSION_DB_URL."},
		{"ERR DB index is out of range", "Redis has no database of that number: change the number at the end of SESSION_DB_URL."},
	} {
		if redis.HasErrorPrefix(err, known.prefix) {
			return known.problem
		}
	}
	return "Redis does not answer: it is down, cannot be reached, or takes no more connections."
}
