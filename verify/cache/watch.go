package cache

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/redis/go-redis/v9/push"
)

// refusal is the error of a Redis that does not support tracking or does not allow it.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

var errReconnect = errors.New("a tracking connection is not reopened")

// watch tracks one master on a connection of its own until that ends, is silent for the
// bound, or ctx ends. It calls renew with a time when all changes that the master
// acknowledged before that time have been dropped.
func (t *tracker) watch(ctx context.Context, n *node, renew func(time.Time)) error {
	client := redis.NewClient(t.trackingOptions(n))
	defer client.Close()
	// It subscribes to no channel: go-redis reads a subscribed connection all the time, and
	// so handles pushes as they arrive.
	sub := client.Subscribe(ctx)
	closeOnce := sync.OnceFunc(func() { _ = sub.Close() })
	defer closeOnce()
	stopClosing := context.AfterFunc(ctx, closeOnce)
	defer stopClosing()

	var out ping
	if err := out.send(ctx, t.now, n, sub); err != nil {
		return fmt.Errorf("track changes: %w", err)
	}
	// Tracking is on. It does not cover what was read before.
	t.flush()
	n.tracked.Store(true)

	ctx, cancel := context.WithCancel(ctx)
	var heartbeat sync.WaitGroup
	defer heartbeat.Wait()
	defer cancel()
	heartbeat.Go(func() {
		defer closeOnce()
		t.heartbeat(ctx, &out, n, sub)
	})
	for {
		received, err := sub.ReceiveTimeout(ctx, t.bound)
		if err != nil {
			return fmt.Errorf("track changes: %w", errors.Join(err, out.failure()))
		}
		if pong, is := received.(*redis.Pong); is {
			if sent, ours := out.pong(pong.Payload); ours {
				renew(sent)
			}
		}
	}
}

// heartbeat sends PINGs until one fails.
func (t *tracker) heartbeat(ctx context.Context, out *ping, n *node, sub *redis.PubSub) {
	ticker := time.NewTicker(t.bound / pingsPerBound)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if out.pending() {
			continue
		}
		if err := out.send(ctx, t.now, n, sub); err != nil {
			return
		}
	}
}

// ping is the PING in flight; there is one at a time.
type ping struct {
	mu      sync.Mutex // guards the fields below
	number  int64
	sent    time.Time
	waiting bool
	err     error
}

func (p *ping) send(ctx context.Context, now func() time.Time, n *node, sub *redis.PubSub) error {
	p.mu.Lock()
	p.number++
	p.sent, p.waiting = now(), true
	payload := strconv.FormatInt(p.number, 10)
	p.mu.Unlock()
	err := n.stillMaster(ctx)
	if err == nil {
		err = sub.Ping(ctx, payload)
	}
	if err != nil {
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
	}
	return err
}

func (p *ping) pending() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting
}

func (p *ping) pong(payload string) (sent time.Time, ours bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if payload != strconv.FormatInt(p.number, 10) {
		return time.Time{}, false
	}
	p.waiting = false
	return p.sent, true
}

func (p *ping) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// stillMaster asks a cluster node for its role. A master that became a replica keeps its
// connections and still pushes changes, but late.
func (n *node) stillMaster(ctx context.Context) error {
	if !n.clustered {
		return nil
	}
	hello, err := n.client.Do(ctx, "HELLO").Result()
	if err != nil {
		return fmt.Errorf("ask a node for its role: %w", err)
	}
	switch hello := hello.(type) {
	case map[any]any:
		if hello["role"] == "master" {
			return nil
		}
	case []any:
		for i := 0; i+1 < len(hello); i += 2 {
			if hello[i] == "role" && hello[i+1] == "master" {
				return nil
			}
		}
	}
	return errMoved
}

// trackingOptions are the options of the node's client, changed for one tracking
// connection that is never reopened.
func (t *tracker) trackingOptions(n *node) *redis.Options {
	o := *n.client.Options()
	o.Protocol = 3
	o.PoolSize, o.MinIdleConns, o.MaxRetries, o.PipelinePoolSize, o.DialerRetries = 1, 0, -1, -1, 1
	o.ClientSideCacheConfig = nil
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.PushNotificationProcessor = redis.NewPushNotificationProcessor()
	// It cannot fail, because no other handler is registered.
	_ = o.PushNotificationProcessor.RegisterHandler("invalidate", pushes(t.pushed), false)
	dial, used := o.Dialer, atomic.Bool{}
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if used.Swap(true) {
			return nil, errReconnect
		}
		return dial(ctx, network, addr)
	}
	before := o.OnConnect
	o.OnConnect = func(ctx context.Context, conn *redis.Conn) error {
		if before != nil {
			if err := before(ctx, conn); err != nil {
				return err
			}
		}
		err := conn.Do(ctx, "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", t.prefix).Err()
		var answer redis.Error
		if errors.As(err, &answer) && !redis.IsLoadingError(err) && !redis.IsMasterDownError(err) {
			return refusal{fmt.Errorf("CLIENT TRACKING: %w", err)}
		}
		return err
	}
	return &o
}

// pushed drops the keys that Redis reports as changed. If it cannot read the message, it
// empties the cache.
func (t *tracker) pushed(notification []any) {
	if len(notification) == 2 {
		if keys, some := notification[1].([]any); some {
			for _, key := range keys {
				text, _ := key.(string)
				if t.drop(text) {
					t.counts.pushes.Add(1)
				}
			}
			return
		}
	}
	t.flush()
}

type pushes func(notification []any)

// HandlePushNotification implements push.NotificationHandler.
func (p pushes) HandlePushNotification(_ context.Context, _ push.NotificationHandlerContext, notification []any) error {
	p(notification)
	return nil
}
