//go:build race

package authorization_test

// refreshes is how many TestLostAnswersEndNoHonestFamily makes: with the race detector each
// takes several times as long.
const refreshes = 2_000
