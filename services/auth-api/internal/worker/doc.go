// Package worker runs argon2id in processes of their own, which give way to all
// others: the kernel lets them have a processor when nobody else of the
// container wants it.
//
// A hash takes a processor for some 20 ms. Beside it, in one process, one
// verification in a hundred waits for milliseconds, since a kernel does not take
// a processor from a thread at once for another of the same rank, and Go cannot
// give a rank to a goroutine. To a process it can be given.
//
// Whoever gives way can starve. A hash that is overdue is done again by a worker
// of ordinary rank, and so are those of the next seconds: that is how it would be
// without this package.
package worker
