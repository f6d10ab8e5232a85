//go:build !race

package oauth_test

// growth is how many people sign in in
// TestRowsAndKeysAreBoundedByWhatIsLiveAndTheRetention. `make test` runs it once without the
// race detector.
const growth = 3_000
