package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// reader takes requests; a batch does.
type reader interface{ read(*request) }

// store knows which Redis holds a key.
type store interface {
	// route gives who reads the key, and whether its changes are followed.
	route(key string) (r reader, tracked bool)
	// masters are those that must be followed, as known now.
	masters(ctx context.Context) ([]*node, error)
	// changed is told when the masters may be others.
	changed() <-chan struct{}
}

// node is a Redis that takes writes.
type node struct {
	batch
	client  *redis.Client
	tracked atomic.Bool
	// clustered nodes can lose their part without losing their connections.
	clustered bool
}

func newNode(client *redis.Client, limit time.Duration, p *pipeline) *node {
	n := &node{client: client}
	n.limit, n.send = limit, p.send
	return n
}

func newStore(client redis.UniversalClient, limit time.Duration, m mark, strings bool) store {
	switch client := client.(type) {
	case *redis.Client:
		return single{newNode(client, limit, &pipeline{client: client, mark: m.at(client), strings: strings})}
	case *redis.ClusterClient:
		return newCluster(client, limit, m, strings)
	default:
		return foreign{&batch{limit: limit, send: (&pipeline{client: client, mark: m.at(client), strings: strings}).send}}
	}
}

// single is one Redis, or the master that Sentinel names: its client dials
// whichever that is.
type single struct{ *node }

func (s single) route(string) (reader, bool)              { return s.node, s.tracked.Load() }
func (s single) masters(context.Context) ([]*node, error) { return []*node{s.node}, nil }
func (s single) changed() <-chan struct{}                 { return nil }

// foreign is a client of a kind whose servers are not known, such as a ring:
// nothing of it is kept.
type foreign struct{ *batch }

func (f foreign) route(string) (reader, bool)              { return f.batch, false }
func (f foreign) masters(context.Context) ([]*node, error) { return nil, errForeign }
func (f foreign) changed() <-chan struct{}                 { return nil }

// cluster reads every key from the master of its slot. What that master points
// elsewhere for is read through the client that follows, and not kept: nobody
// watches there yet.
type cluster struct {
	client *redis.ClusterClient
	limit  time.Duration
	mark   mark
	// strings is true if the keys hold strings, false if hashes.
	strings bool
	other   *batch
	stale   chan struct{}
	mu      sync.RWMutex
	nodes   map[*redis.Client]*node
}

func newCluster(client *redis.ClusterClient, limit time.Duration, m mark, strings bool) *cluster {
	m = m.at(client)
	return &cluster{
		client: client, limit: limit, mark: m, strings: strings, stale: make(chan struct{}, 1), nodes: map[*redis.Client]*node{},
		other: &batch{limit: limit, send: (&pipeline{client: client, mark: m, strings: strings}).send},
	}
}

func (c *cluster) route(key string) (reader, bool) {
	// It is known without asking, but for the first time.
	ctx, cancel := context.WithTimeout(context.Background(), c.limit)
	defer cancel()
	master, err := c.client.MasterForKey(ctx, key)
	if err != nil {
		return c.other, false
	}
	c.mu.RLock()
	n := c.nodes[master]
	c.mu.RUnlock()
	if n == nil {
		c.look()
		return c.other, false
	}
	return n, n.tracked.Load()
}

func (c *cluster) masters(ctx context.Context) ([]*node, error) {
	var mu sync.Mutex
	var found []*redis.Client
	err := c.client.ForEachMaster(ctx, func(_ context.Context, master *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		found = append(found, master)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	nodes := map[*redis.Client]*node{}
	var list []*node
	for _, master := range found {
		n := c.nodes[master]
		if n == nil {
			n = newNode(master, c.limit, &pipeline{client: master, mark: c.mark, strings: c.strings, elsewhere: c.follow})
			n.clustered = true
		}
		nodes[master] = n
		list = append(list, n)
	}
	c.nodes = nodes
	return list, nil
}

// follow reads what a master points elsewhere for.
func (c *cluster) follow(_ context.Context, r *request) {
	c.client.ReloadState(context.Background())
	c.look()
	c.other.read(&request{key: r.key, to: elsewhere{r.to}})
}

// elsewhere passes on what another answered than was asked.
type elsewhere struct{ to answered }

func (e elsewhere) answer(r reply, _ bool, err error) {
	e.to.answer(r, false, err)
}

func (c *cluster) changed() <-chan struct{} { return c.stale }

func (c *cluster) look() {
	select {
	case c.stale <- struct{}{}:
	default:
	}
}

// moved tells whether a master points to another one (Redis Cluster
// specification, "MOVED redirection" and "ASK redirection").
func moved(err error) bool {
	if _, is := redis.IsMovedError(err); is {
		return true
	}
	_, is := redis.IsAskError(err)
	return is || redis.IsTryAgainError(err)
}
