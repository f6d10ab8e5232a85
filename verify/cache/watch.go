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

// refusal is what a Redis answers that cannot track, or a user that may not.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

var errReconnect = errors.New("a lost connection is not taken up again")

// watch follows one master on a connection of its own until that ends, is
// silent for the bound, or ctx ends. proven is called with a moment before which
// everything that was acknowledged has been dropped.
func (c *Cache[K, V]) watch(ctx context.Context, n *node, proven func(time.Time)) error {
	client := redis.NewClient(c.trackingOptions(n))
	defer client.Close()
	// Without a channel: what counts is that a subscribed connection is read all
	// the time, so that pushes are handled as they come.
	sub := client.Subscribe(ctx)
	closeOnce := sync.OnceFunc(func() { _ = sub.Close() })
	defer closeOnce()
	stopClosing := context.AfterFunc(ctx, closeOnce)
	defer stopClosing()

	var out beat
	if err := out.send(ctx, c.o.Now, n, sub); err != nil {
		return fmt.Errorf("follow the changes of tokens: %w", err)
	}
	// Tracking is on. What was read before is not covered by it.
	c.flush()
	n.tracked.Store(true)

	ctx, cancel := context.WithCancel(ctx)
	var pulse sync.WaitGroup
	defer pulse.Wait()
	defer cancel()
	pulse.Go(func() {
		defer closeOnce()
		c.pulse(ctx, &out, n, sub)
	})
	for {
		received, err := sub.ReceiveTimeout(ctx, c.o.Bound)
		if err != nil {
			return fmt.Errorf("follow the changes of tokens: %w", errors.Join(err, out.failure()))
		}
		if pong, is := received.(*redis.Pong); is {
			if sent, ours := out.answered(pong.Payload); ours {
				proven(sent)
			}
		}
	}
}

// pulse sends beats until one fails.
func (c *Cache[K, V]) pulse(ctx context.Context, out *beat, n *node, sub *redis.PubSub) {
	ticker := time.NewTicker(c.o.Bound / beatsPerBound)
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
		if err := out.send(ctx, c.o.Now, n, sub); err != nil {
			return
		}
	}
}

// beat is the PING that is under way; there is one at a time.
type beat struct {
	mu     sync.Mutex
	number int64
	sent   time.Time
	open   bool
	err    error
}

func (b *beat) send(ctx context.Context, now func() time.Time, n *node, sub *redis.PubSub) error {
	b.mu.Lock()
	b.number++
	b.sent, b.open = now(), true
	payload := strconv.FormatInt(b.number, 10)
	b.mu.Unlock()
	err := n.stillMaster(ctx)
	if err == nil {
		err = sub.Ping(ctx, payload)
	}
	if err != nil {
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
	}
	return err
}

func (b *beat) pending() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}

func (b *beat) answered(payload string) (sent time.Time, ours bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if payload != strconv.FormatInt(b.number, 10) {
		return time.Time{}, false
	}
	b.open = false
	return b.sent, true
}

func (b *beat) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// stillMaster asks a node of a cluster for its part. One that was made a replica
// keeps its connections and goes on to push, but late.
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

// trackingOptions are the node's, for one connection that tracks.
func (c *Cache[K, V]) trackingOptions(n *node) *redis.Options {
	o := *n.client.Options()
	o.Protocol = 3
	o.PoolSize, o.MinIdleConns, o.MaxRetries, o.PipelinePoolSize, o.DialerRetries = 1, 0, -1, -1, 1
	o.ClientSideCacheConfig = nil
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.PushNotificationProcessor = redis.NewPushNotificationProcessor()
	// It cannot fail: nothing else is registered yet.
	_ = o.PushNotificationProcessor.RegisterHandler("invalidate", pushes(c.pushed), false)
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
		err := conn.Do(ctx, "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", c.o.Prefix).Err()
		var answer redis.Error
		if errors.As(err, &answer) && !redis.IsLoadingError(err) && !redis.IsMasterDownError(err) {
			return refusal{fmt.Errorf("CLIENT TRACKING: %w", err)}
		}
		return err
	}
	return &o
}

// pushed drops what Redis says has changed. What it does not understand could
// be anything: everything is dropped.
func (c *Cache[K, V]) pushed(notification []any) {
	if len(notification) == 2 {
		if keys, some := notification[1].([]any); some {
			for _, key := range keys {
				text, _ := key.(string)
				if k, ours := c.o.Parse(text); ours {
					c.counts.pushes.Add(1)
					c.table.invalidate(k)
				}
			}
			return
		}
	}
	c.flush()
}

type pushes func(notification []any)

// HandlePushNotification takes what Redis pushed.
func (p pushes) HandlePushNotification(_ context.Context, _ push.NotificationHandlerContext, notification []any) error {
	p(notification)
	return nil
}
