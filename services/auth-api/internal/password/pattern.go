package password

import "strings"

// runLength is how many neighbouring characters make a run. Three would be in
// many words ("power" holds w-e-r).
const runLength = 4

// tracks are the sequences that people type by habit: the alphabet, the digits, and the
// rows and columns of keyboards. A run may follow a track forwards or backwards.
func tracks() []string {
	return []string{
		"abcdefghijklmnopqrstuvwxyzabc",
		"012345678901234567890",
		"12345678910111213141516171819202122232425262728293031",
		"qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./",
		"qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn",
		"!@#$%^&*()_+",
		"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
		"qazwsxedcrfvtgbyhnujmikolp",
		"zaq12wsxcde34rfvbgt56yhnmju78ik,lo90p;/",
		"1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0",
		"qweasdzxcrtyfghvbnuiojklm",
	}
}

// runsOf lists every piece of runLength characters of the tracks, in both directions.
func runsOf(tracks []string) map[string]struct{} {
	runs := map[string]struct{}{}
	for _, track := range tracks {
		for i := range len(track) - runLength + 1 {
			piece := []byte(track[i : i+runLength])
			runs[string(piece)] = struct{}{}
			for l, r := 0, len(piece)-1; l < r; l, r = l+1, r-1 {
				piece[l], piece[r] = piece[r], piece[l]
			}
			runs[string(piece)] = struct{}{}
		}
	}
	return runs
}

// withoutRuns removes every character that is part of a run.
func (b blocklist) withoutRuns(s string) string {
	runes := []rune(s)
	inRun := make([]bool, len(runes))
	for i := range len(runes) - runLength + 1 {
		piece := runes[i : i+runLength]
		if _, known := b.runs[string(piece)]; known || allEqual(piece) {
			for j := range piece {
				inRun[i+j] = true
			}
		}
	}
	var kept strings.Builder
	for i, r := range runes {
		if !inRun[i] {
			kept.WriteRune(r)
		}
	}
	return kept.String()
}

func allEqual(runes []rune) bool {
	for _, r := range runes[1:] {
		if r != runes[0] {
			return false
		}
	}
	return true
}

// firstPeriod returns the part that s repeats at least twice, the last time perhaps
// incompletely. If s repeats nothing, it returns s.
func firstPeriod(s string) string {
	runes := []rune(s)
	for period := 1; period <= len(runes)/2; period++ {
		if repeats(runes, period) {
			return string(runes[:period])
		}
	}
	return s
}

func repeats(runes []rune, period int) bool {
	for i := period; i < len(runes); i++ {
		if runes[i] != runes[i-period] {
			return false
		}
	}
	return true
}
