// Package attack tries passwords by the million, as somebody with a list of stolen ones and
// many machines does, and counts what comes of it: how many guesses reach the hash, who of
// the owners is kept out, and what verification notices. `make attack` runs it for ten
// minutes and prints a table; `make test` runs a small one.
package attack
