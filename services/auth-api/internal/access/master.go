package access

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// master is the state of a Redis master, from its INFO.
type master struct {
	// id changes after a restart, and after the process was a replica for a while. Its data
	// may then be older than before. It is empty if Redis does not allow INFO.
	id string
	// evicted is how many keys were evicted.
	evicted string
	// policy is maxmemory-policy. It matters only if memory has a limit.
	policy  string
	limited bool
	// full means that the limit is reached and nothing is evicted.
	full    bool
	replica bool
	// diskFailing means that the last write of the append-only file failed.
	diskFailing bool
}

// name identifies the process and how much it has evicted. It contains no space.
func (m master) name() string { return m.id + "." + m.evicted }

// evicts reports whether keys may be evicted at any time.
func (m master) evicts() bool { return m.limited && m.policy != "" && m.policy != noEviction }

const noEviction = "noeviction"

// masters reads the state of every master. If INFO is not allowed, the state is zero.
func (s *Store) masters(ctx context.Context) (found []master, err error) {
	var mu sync.Mutex
	err = s.eachMaster(ctx, func(ctx context.Context, r redis.Cmdable) error {
		text, err := r.Info(ctx).Result()
		if redis.IsPermissionError(err) || redis.HasErrorPrefix(err, "ERR unknown command") {
			text, err = "", nil
		}
		mu.Lock()
		defer mu.Unlock()
		found = append(found, parseMaster(text))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the state of Redis (INFO): %w", err)
	}
	return found, nil
}

// parseMaster parses the output of INFO: lines of name:value.
func parseMaster(info string) master {
	fields := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[name] = value
		}
	}
	m := master{
		evicted: fields["evicted_keys"], policy: fields["maxmemory_policy"],
		replica: fields["role"] == "slave", diskFailing: fields["aof_last_write_status"] == "err",
	}
	if run := fields["run_id"]; run != "" {
		// master_replid2 changes when a replica becomes a master.
		m.id = run + "." + fields["master_replid2"]
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(fields[name], 10, 64)
		return n
	}
	limit := number("maxmemory")
	m.limited = limit > 0
	m.full = m.limited && m.policy == noEviction && number("used_memory")-number("mem_not_counted_for_evict") >= limit
	return m
}
