package password

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// phrases holds well-known passwords of MinLength and more.
//
//go:embed phrases.txt
var phrases string

// minResidue is how many characters must be left of a password in which a
// sequence or a contextual word was found. Eight is the least that NIST allows
// for a password at all.
const minResidue = 8

// blocklist holds the passwords that attackers try first. A password is compared as
// a whole: a long passphrase may contain listed words (NIST SP 800-63B-4, section
// 3.1.1.2). A password is guessable if
//
//  1. without contextual words, runs (four or more equal, consecutive or
//     neighbouring characters) and repeats, fewer than minResidue characters
//     are left of it, or
//  2. what is left is listed, be it with digits and punctuation around it, or
//  3. what is left consists of at most three listed words with small words between
//     them, all so common that an attacker reaches it within four billion attempts.
//
// Case, separators and the usual digits for letters make no difference.
type blocklist struct {
	phrases map[string]struct{}
	runs    map[string]struct{}
}

func readBlocklist() blocklist {
	b := blocklist{phrases: map[string]struct{}{}, runs: runsOf(tracks())}
	for line := range strings.Lines(phrases) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			b.phrases[withoutSeparators(line)] = struct{}{}
		}
	}
	return b
}

// guessable reports whether a password is guessable. The contextual words must be
// lower case and have no separators.
func (b blocklist) guessable(password string, context []string) bool {
	seen := map[string]bool{} // most variants of most passwords are the same
	for _, form := range variants(foldCase(password)) {
		residue, removed := b.reduce(form, context)
		if removed && utf8.RuneCountInString(residue) < minResidue {
			return true
		}
		for _, s := range variants(residue) {
			if seen[s] {
				continue
			}
			seen[s] = true
			if b.isListed(s) {
				return true
			}
		}
	}
	return false
}

func (b blocklist) isListed(s string) bool {
	if _, known := b.phrases[s]; known {
		return true
	}
	_, listed := common.bits(s)
	return listed || composed(s)
}

// reduce removes what adds no strength: contextual words, runs and repeats. The order
// matters: a repeat is recognised only after everything around it has been removed.
func (b blocklist) reduce(s string, context []string) (residue string, removed bool) {
	residue = s
	for _, word := range context {
		residue = strings.ReplaceAll(residue, word, "")
	}
	residue = firstPeriod(b.withoutRuns(residue))
	return residue, residue != s
}

// variants are the ways to read a lower-case password: as it is, without
// digits and punctuation at its ends, without separators, and with the letters
// that its digits and signs stand for.
func variants(low string) []string {
	trimmed := strings.TrimFunc(low, func(r rune) bool { return !unicode.IsLetter(r) })
	all := []string{low}
	for _, s := range []string{low, trimmed} {
		all = append(all, withoutSeparators(s))
		for _, one := range []string{"i", "l"} {
			all = append(all, withoutSeparators(unleet(s, one)))
		}
	}
	return all
}

func unleet(s, one string) string {
	return strings.NewReplacer("0", "o", "1", one, "!", "i", "|", "l", "3", "e", "4", "a", "@", "a",
		"5", "s", "$", "s", "7", "t", "+", "t", "8", "b", "9", "g").Replace(s)
}

func withoutSeparators(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("-_.,/'", r) {
			return -1
		}
		return r
	}, s)
}

// foldCase gives the form for comparisons. It folds more than normalise: full-width
// letters become plain ones.
func foldCase(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

// contextWords are a name and its parts of four or more characters, the
// longest first, so that a part does not break up the whole.
func contextWords(name string) []string {
	name = foldCase(name)
	parts := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	found := []string{}
	for _, word := range append([]string{name, withoutSeparators(name)}, parts...) {
		if utf8.RuneCountInString(word) >= runLength && !slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return len(b) - len(a) })
	return found
}
