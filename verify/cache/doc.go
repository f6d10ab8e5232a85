// Package cache keeps values of Redis, strings or hashes, in memory, and never serves
// one for longer than a bound after it has changed in Redis.
//
// Three rules make that so:
//
//   - Redis pushes the name of every changed key to one connection a master
//     (CLIENT TRACKING ON BCAST, RESP3). What is pushed is dropped.
//   - A value is kept only if no push for its shard arrived since its read
//     began, and only if tracking was on when it began.
//   - The cache is served under a lease. Each PING on the tracking connection
//     carries the moment it was sent; when its PONG arrives, everything that
//     Redis had acknowledged before that moment has been dropped, since both
//     come over one ordered stream. So the lease runs until that moment plus
//     the bound. It is checked at every read: no timer has to fire, and a
//     process that was stopped serves nothing old when it goes on.
//
// Without a lease every call goes to Redis. A connection that ends or is silent
// for the bound empties the cache.
package cache
