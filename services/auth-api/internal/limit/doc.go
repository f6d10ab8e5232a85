// Package limit bounds how often somebody may try something that costs a hash, or whose
// failure is a wrong guess: by address, by session, and over all.
//
// An attempt is reserved before any work is done for it, and given back if it was no miss.
// So only misses use a limit up, and yet guesses in parallel cannot pass it.
//
// # In Redis
//
// Each limit of each partition (an address, a session, everybody) is one sorted set: a
// member for each reserved or missed attempt, scored with its time. Reserving adds a member
// and counts; if there are too many, it is taken out again. All of it is one pipeline of
// plain commands, each on one key: it works on Redis Cluster, and nobody needs the right to
// run scripts, with which a stolen password of auth-api could attack the interpreter. A
// count can exceed the truth for a moment, while a refused attempt is taken out, and is
// never below it. A set without members does not exist, so attempts that were given back
// leave nothing behind.
//
// A transaction (WATCH, GET, MULTI, SET, EXEC) with the algorithm GCRA was tried. It needs
// two round trips for each limit, and all sign-ins in parallel have to repeat it for the
// limit over all, whose key they share. A script needs one round trip, as the pipeline does.
//
// Times are those of the replica, so that tests can set them. If the clocks of two replicas
// differ by a second, a limit's period is a second longer or shorter for one of them.
//
// # In memory
//
// Each replica remembers its own attempts, too. Attempts beyond a limit are so refused
// without asking Redis; and a Redis that was restarted and lost its data gives nobody on
// this replica a new budget. If Redis does not answer, this memory alone decides, with a
// tenth of each limit.
package limit
