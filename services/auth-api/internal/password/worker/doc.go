// Package worker runs argon2id in separate processes with idle priority: the kernel
// gives them a processor only when no other thread of the container wants it.
//
// A hash occupies a processor for some 20 ms. If it ran in the service's own process,
// one verification in a hundred would wait for milliseconds: the kernel does not
// preempt a thread at once for another of the same priority, and Go cannot lower the
// priority of a goroutine. A process can have a priority of its own. `make bench`
// shows what that buys: the row "p99 of `GET /verify` (4 clients) while 350 a second
// sign in", 1.2 times the p99 without sign-ins.
//
// An idle-priority worker can starve. If it misses its deadline, the hash is done
// again by a worker with normal priority, and all hashes of the next seconds are done
// that way: then the service is as fast as it would be without this package.
package worker
