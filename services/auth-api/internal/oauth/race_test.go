//go:build race

package oauth_test

// growth is how many people sign in in
// TestRowsAndKeysAreBoundedByWhatIsLiveAndTheRetention: with the race detector each takes
// several times as long.
const growth = 300
