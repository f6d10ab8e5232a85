package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// reader queues requests; batch implements it.
type reader interface{ read(*request) }

// store knows which Redis node holds a key.
type store interface {
	// route returns the reader for a key, and whether its node reports changes.
	route(key string) (r reader, tracked bool)
	// masters returns the nodes that must report changes.
	masters(ctx context.Context) ([]*node, error)
	// changed receives when the set of masters may have changed.
	changed() <-chan struct{}
}

// node is a Redis master.
type node struct {
	batch
	client  *redis.Client
	tracked atomic.Bool
	// clustered is true for a node of a cluster, which can stop being a master without
	// losing its connections.
	clustered bool
}

func newNode(client *redis.Client, limit time.Duration, p *pipeline) *node {
	n := &node{client: client}
	n.limit, n.send = limit, p.send
	return n
}

func newStore(client redis.Cmdable, limit time.Duration, m marker, strings bool) store {
	switch client := client.(type) {
	case *redis.Client:
		return single{newNode(client, limit, &pipeline{client: client, marker: m.at(client), strings: strings})}
	case *redis.ClusterClient:
		return newCluster(client, limit, m, strings)
	default:
		return foreign{&batch{limit: limit, send: (&pipeline{client: client, marker: m.at(client), strings: strings}).send}}
	}
}

// single is one Redis, or the master that Sentinel names: the client itself connects to
// the current one.
type single struct{ *node }

func (s single) route(string) (reader, bool)              { return s.node, s.tracked.Load() }
func (s single) masters(context.Context) ([]*node, error) { return []*node{s.node}, nil }
func (s single) changed() <-chan struct{}                 { return nil }

// foreign is a client of another type, such as a ring. It does not tell which servers it
// uses, so nothing is cached.
type foreign struct{ *batch }

func (f foreign) route(string) (reader, bool)              { return f.batch, false }
func (f foreign) masters(context.Context) ([]*node, error) { return nil, errForeign }
func (f foreign) changed() <-chan struct{}                 { return nil }

// cluster reads every key from the master of its slot. A key that this master redirects
// is read through the cluster client, which follows redirections, and is not cached:
// changes at the other master are not tracked yet.
type cluster struct {
	client *redis.ClusterClient
	limit  time.Duration
	marker marker
	// strings is true if the keys hold strings, false if hashes.
	strings     bool
	redirecting *batch
	stale       chan struct{}

	mu    sync.RWMutex // guards nodes
	nodes map[*redis.Client]*node
}

func newCluster(client *redis.ClusterClient, limit time.Duration, m marker, strings bool) *cluster {
	m = m.at(client)
	return &cluster{
		client: client, limit: limit, marker: m, strings: strings, stale: make(chan struct{}, 1), nodes: map[*redis.Client]*node{},
		redirecting: &batch{limit: limit, send: (&pipeline{client: client, marker: m, strings: strings}).send},
	}
}

func (c *cluster) route(key string) (reader, bool) {
	// Only the first call asks Redis for the slots.
	ctx, cancel := context.WithTimeout(context.Background(), c.limit)
	defer cancel()
	master, err := c.client.MasterForKey(ctx, key)
	if err != nil {
		return c.redirecting, false
	}
	c.mu.RLock()
	n := c.nodes[master]
	c.mu.RUnlock()
	if n == nil {
		c.signalChange()
		return c.redirecting, false
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
			n = newNode(master, c.limit, &pipeline{client: master, marker: c.marker, strings: c.strings, redirect: c.readRedirected})
			n.clustered = true
		}
		nodes[master] = n
		list = append(list, n)
	}
	c.nodes = nodes
	return list, nil
}

// readRedirected reads a key that a master redirects to another one.
func (c *cluster) readRedirected(_ context.Context, r *request) {
	c.client.ReloadState(context.Background())
	c.signalChange()
	c.redirecting.read(&request{key: r.key, to: redirected{r.to}})
}

// redirected delivers a result that came from another node than the one that was asked.
type redirected struct{ to receiver }

func (e redirected) deliver(r reply, _ bool, err error) {
	e.to.deliver(r, false, err)
}

func (c *cluster) changed() <-chan struct{} { return c.stale }

func (c *cluster) signalChange() {
	select {
	case c.stale <- struct{}{}:
	default:
	}
}

// moved reports whether a master redirects to another one (Redis Cluster
// specification, "MOVED redirection" and "ASK redirection").
func moved(err error) bool {
	if _, is := redis.IsMovedError(err); is {
		return true
	}
	_, is := redis.IsAskError(err)
	return is || redis.IsTryAgainError(err)
}
