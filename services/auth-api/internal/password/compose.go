package password

import "slices"

const (
	// maxParts is how many common words may make up a password for it to be
	// refused. Four words are a passphrase, however common each is.
	maxParts = 3
	// maxBits is the most bits for which such a password is refused. An attacker who
	// tries words in the order of their use needs 2^maxBits attempts, four billion.
	maxBits = 32
	// fillerBits are the bits of a filler: few, because grammar dictates it. digitBits
	// are those of a digit.
	fillerBits = 2
	digitBits  = 3
	// maxComposed is the longest password, in bytes, that is split into words. Three
	// words are shorter.
	maxComposed = 64
	// maxEntry is the most bytes of a listed word.
	maxEntry = 40
)

// isFiller reports whether s is one of the short words that join the words of a phrase.
func isFiller(s string) bool {
	switch s {
	case "a", "c", "i", "n", "r", "u", "x", "z",
		"am", "an", "as", "at", "be", "by", "cf", "do", "fc", "go", "he", "in", "is", "it", "me", "my", "no", "of", "on", "or", "so", "to", "ur", "we",
		"all", "and", "are", "big", "can", "for", "her", "his", "new", "not", "old", "one", "our", "she", "the", "too", "was", "you":
		return true
	default:
		return false
	}
}

// composed reports whether the whole of s consists of at most maxParts listed words,
// with fillers and digits between them, and has at most maxBits.
func composed(s string) bool {
	if len(s) > maxComposed {
		return false
	}
	// least[i][n] is the fewest bits of the first i bytes made of n words.
	least := make([][maxParts + 1]int, len(s)+1)
	for i := range least {
		for n := range least[i] {
			least[i][n] = maxBits + 1
		}
	}
	least[0][0] = 0
	for i := range len(s) {
		if slices.Min(least[i][:]) > maxBits {
			continue // no words lead here
		}
		for end := i + 1; end <= min(len(s), i+maxEntry); end++ {
			bits, words, known := part(s[i:end])
			if !known {
				continue
			}
			for n := 0; n+words <= maxParts; n++ {
				least[end][n+words] = min(least[end][n+words], least[i][n]+bits)
			}
		}
	}
	for n := 1; n <= maxParts; n++ {
		if least[len(s)][n] <= maxBits {
			return true
		}
	}
	return false
}

// part returns the bits of a piece of a password, and 1 word if it is a listed word.
func part(s string) (bits, words int, known bool) {
	if isFiller(s) {
		return fillerBits, 0, true
	}
	if len(s) == 1 && s[0] >= '0' && s[0] <= '9' {
		return digitBits, 0, true
	}
	if bits, listed := common.bits(s); listed {
		return bits, 1, true
	}
	return 0, 0, false
}
