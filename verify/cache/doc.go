// Package cache keeps strings or hashes of Redis in memory, and never serves one for
// longer than a bound after it has changed in Redis.
//
// Three rules guarantee that:
//
//   - Each master pushes the name of every changed key to one tracking connection
//     (CLIENT TRACKING ON BCAST, RESP3). The cache drops the keys that are pushed.
//   - A value is cached only if tracking was on when its read began, and if no push for
//     its shard has arrived since.
//   - The cache is served under a lease, which PINGs on the tracking connection renew.
//     Pushes and PONGs arrive on one ordered stream. So when the PONG arrives, all
//     changes that Redis acknowledged before the PING was sent have been dropped, and
//     the lease runs until the time of the PING plus the bound. Every read checks it: no
//     timer has to fire, and a process that was suspended serves nothing old when it
//     continues.
//
// Without a lease every call reads from Redis. When a tracking connection ends, or is
// silent for the bound, the cache is emptied.
//
// go-redis has client-side caching as well, but without a lease: how long it serves a
// revoked token has no bound.
package cache
