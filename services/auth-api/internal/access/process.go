package access

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// process is one Redis that takes writes, as its INFO describes it.
type process struct {
	// id is another one after a restart, and after the process was a replica for a
	// while: what it holds may then be older than what it held before. It is empty
	// if Redis does not tell.
	id string
	// evicted counts the keys that were dropped for want of memory.
	evicted string
	// policy is maxmemory-policy; it matters where memory has a limit.
	policy  string
	limited bool
	// full says that the limit is reached and nothing is evicted.
	full    bool
	replica bool
	// unwritten says that the last write of the append-only file failed.
	unwritten bool
}

// name tells the process and what it has evicted, without a space.
func (p process) name() string { return p.id + "." + p.evicted }

// evicts says whether keys may go at any moment.
func (p process) evicts() bool { return p.limited && p.policy != "" && p.policy != noEviction }

const noEviction = "noeviction"

// processes asks every master. Where INFO is not allowed, one is found about which
// nothing is known.
func (s *Store) processes(ctx context.Context) (found []process, err error) {
	var mu sync.Mutex
	err = s.eachMaster(ctx, func(ctx context.Context, r redis.Cmdable) error {
		text, err := r.Info(ctx).Result()
		if redis.IsPermissionError(err) || redis.HasErrorPrefix(err, "ERR unknown command") {
			text, err = "", nil
		}
		mu.Lock()
		defer mu.Unlock()
		found = append(found, parseProcess(text))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ask Redis about itself: %w", err)
	}
	return found, nil
}

// parseProcess reads what INFO prints: lines of name:value.
func parseProcess(info string) process {
	fields := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[name] = value
		}
	}
	p := process{
		evicted: fields["evicted_keys"], policy: fields["maxmemory_policy"],
		replica: fields["role"] == "slave", unwritten: fields["aof_last_write_status"] == "err",
	}
	if run := fields["run_id"]; run != "" {
		// A replica that becomes a master keeps here the id of the history it followed.
		p.id = run + "." + fields["master_replid2"]
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(fields[name], 10, 64)
		return n
	}
	limit := number("maxmemory")
	p.limited = limit > 0
	p.full = p.limited && p.policy == noEviction && number("used_memory")-number("mem_not_counted_for_evict") >= limit
	return p
}
