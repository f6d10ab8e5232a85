package access

import (
	"context"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

// atOnce bounds how many transactions go to a cluster at the same time.
const atOnce = 16

// execute runs n changes, each of one key.
type execute func(ctx context.Context, n int, queue func(pipe redis.Pipeliner, i int)) error

// pipelined runs changes of one command each.
func (s *Store) pipelined(ctx context.Context, n int, queue func(redis.Pipeliner, int)) error {
	return all(ctx, s.redis.Pipelined, n, queue)
}

// inTransactions runs changes of several commands each, which nobody sees in part. A
// cluster takes no transaction of several keys: there each key has its own.
func (s *Store) inTransactions(ctx context.Context, n int, queue func(redis.Pipeliner, int)) error {
	if _, clustered := s.redis.(*redis.ClusterClient); !clustered {
		return all(ctx, s.redis.TxPipelined, n, queue)
	}
	var transactions errgroup.Group
	transactions.SetLimit(atOnce)
	for i := range n {
		transactions.Go(func() error {
			return all(ctx, s.redis.TxPipelined, 1, func(tx redis.Pipeliner, _ int) { queue(tx, i) })
		})
	}
	return transactions.Wait()
}

func all(ctx context.Context, run func(context.Context, func(redis.Pipeliner) error) ([]redis.Cmder, error), n int, queue func(redis.Pipeliner, int)) error {
	_, err := run(ctx, func(pipe redis.Pipeliner) error {
		for i := range n {
			queue(pipe, i)
		}
		return nil
	})
	return err
}
