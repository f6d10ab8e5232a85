// Package accountfile imports accounts of other programs from JSON lines, and reports each
// line that was refused. docs/import.md says what a line holds.
//
// Lines are read one after the other and stored in batches, a transaction each. What is done
// is told by the accounts themselves: a second run over the same file finds them by their
// addresses.
package accountfile
