package main

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// ranked is a time, and whose it is.
type ranked struct {
	took time.Duration
	ours bool
}

// sameDistribution is the two-sided p of the Mann-Whitney U test: how likely times differ in
// rank as much as these do if both are of one distribution. It uses the normal approximation,
// with the corrections for ties and for continuity, which is close enough from twenty
// times on.
func sameDistribution(ours, theirs []time.Duration) float64 {
	all := make([]ranked, 0, len(ours)+len(theirs))
	for _, took := range ours {
		all = append(all, ranked{took, true})
	}
	for _, took := range theirs {
		all = append(all, ranked{took, false})
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Compare(a.took, b.took) })
	var sum, ties float64
	for first := 0; first < len(all); {
		end := first
		for end < len(all) && all[end].took == all[first].took {
			end++
		}
		rank := float64(first+1+end) / 2 // the mean of the ranks that equal times share
		for _, one := range all[first:end] {
			if one.ours {
				sum += rank
			}
		}
		equal := float64(end - first)
		ties += equal*equal*equal - equal
		first = end
	}
	n, m := float64(len(ours)), float64(len(theirs))
	u := sum - n*(n+1)/2
	deviation := math.Sqrt(n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1))))
	if deviation == 0 {
		return 1 // All times are equal.
	}
	z := max(0, math.Abs(u-n*m/2)-0.5) / deviation
	return math.Erfc(z / math.Sqrt2)
}

// medianOf is the median of times in any order.
func medianOf(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
