//go:build !race

package authorization_test

// refreshes is how many TestLostAnswersEndNoHonestFamily makes. `make test` runs it once
// without the race detector.
const refreshes = 20_000
