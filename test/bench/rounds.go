package main

import (
	"context"
	"slices"
	"time"
)

// measured is something that can be done for a while.
type measured func(ctx context.Context, d time.Duration) (result, error)

// inTurns measures each once a round, so that what else the machine does falls
// on all alike, and every other round in the opposite order. The first round
// only warms up. It gives the results of each.
func inTurns(ctx context.Context, rounds int, d time.Duration, each ...measured) ([][]result, error) {
	results := make([][]result, len(each))
	for round := range rounds + 1 {
		for i := range each {
			if round%2 == 1 {
				i = len(each) - 1 - i
			}
			r, err := each[i](ctx, d)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				results[i] = append(results[i], r)
			}
		}
	}
	return results, nil
}

// percentile of sorted times (nearest rank).
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// spread is the median of some numbers, the least and the most.
type spread struct{ median, least, most float64 }

func spreadOf(numbers []float64) spread {
	sorted := slices.Sorted(slices.Values(numbers))
	n := len(sorted)
	return spread{median: (sorted[(n-1)/2] + sorted[n/2]) / 2, least: sorted[0], most: sorted[n-1]}
}

// rates are the results' numbers a second.
func rates(results []result) spread {
	return over(results, func(_ int, r result) float64 { return r.perSecond })
}

// ratios are ours divided by theirs, round by round: a ratio of medians would
// pair rounds in which the machine did different things.
func ratios(ours, theirs []result) spread {
	return over(ours, func(i int, r result) float64 { return r.perSecond / theirs[i].perSecond })
}

// percentiles are the medians of the rounds' percentiles.
func percentiles(results []result) (p50, p99 time.Duration) {
	half := over(results, func(_ int, r result) float64 { return float64(r.p50) })
	tail := over(results, func(_ int, r result) float64 { return float64(r.p99) })
	return time.Duration(half.median), time.Duration(tail.median)
}

func over(results []result, number func(int, result) float64) spread {
	var numbers []float64
	for i, r := range results {
		numbers = append(numbers, number(i, r))
	}
	return spreadOf(numbers)
}
