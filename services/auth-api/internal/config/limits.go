package config

import (
	"time"

	"auth.books.test/internal/setting"
)

// MaxLimitKeys is how many keys the limits may make in Redis: they take 16 MB
// (limit.TestWhateverIsTypedTakesLittleOfRedis).
const MaxLimitKeys = 60_000

// maxAccountKeys is how many keys the limit of accounts makes at most (package limit).
const maxAccountKeys = 24_000

// validateLimits checks that the limits over all are on, and that they bound the keys of
// the others.
func (c *Config) validateLimits(faults *setting.Faults) {
	const names = "AUTH_API_LIMIT_SIGN_IN_OVERALL, AUTH_API_LIMIT_REGISTRATION_OVERALL, AUTH_API_LIMIT_CLIENT_OVERALL"
	for name, overall := range map[string]setting.Rate{
		"AUTH_API_LIMIT_SIGN_IN_OVERALL": c.LimitSignInOverall, "AUTH_API_LIMIT_REGISTRATION_OVERALL": c.LimitRegistrationOverall, "AUTH_API_LIMIT_CLIENT_OVERALL": c.LimitClientOverall,
	} {
		if overall.Attempts == 0 && !faults.Has(name) {
			faults.Add(name, "it cannot be off, since it bounds the memory that the limits take in Redis: write a number of attempts and a period, such as 3000/1m")
		}
	}
	// An address has a key for its /64 and one for its /48.
	keys := min(maxAccountKeys, keysOf(c.LimitAccount, c.LimitSignInOverall)) + 2*keysOf(c.LimitSignIn, c.LimitSignInOverall) + keysOf(c.LimitSession, c.LimitSignInOverall) +
		2*keysOf(c.LimitRegistration, c.LimitRegistrationOverall) + 2*keysOf(c.LimitClient, c.LimitClientOverall)
	if keys > MaxLimitKeys && !faults.Has("AUTH_API_LIMIT_SIGN_IN", "AUTH_API_LIMIT_ACCOUNT", "AUTH_API_LIMIT_SESSION", "AUTH_API_LIMIT_REGISTRATION", "AUTH_API_LIMIT_CLIENT") {
		faults.Add(names, "with the others the limits could make %d keys in Redis, more than the %d that take 16 MB: lower them, or shorten the periods of the other AUTH_API_LIMIT_ settings", keys, MaxLimitKeys)
	}
}

// keysOf is how many partitions of a limit can have attempts at once.
func keysOf(limit, overall setting.Rate) int {
	if limit.Attempts == 0 || overall.Attempts == 0 {
		return 0
	}
	// A key lives for the period of its limit, which begins anywhere in one of the other.
	periods := int((limit.Period+overall.Period-time.Nanosecond)/overall.Period) + 1
	return periods * overall.Attempts
}

// LimitsOff are the limits that are off.
func (c *Config) LimitsOff() (names []string) {
	for _, one := range []struct {
		name string
		rate setting.Rate
	}{
		{"AUTH_API_LIMIT_SIGN_IN", c.LimitSignIn}, {"AUTH_API_LIMIT_ACCOUNT", c.LimitAccount}, {"AUTH_API_LIMIT_DEVICE", c.LimitDevice}, {"AUTH_API_LIMIT_SESSION", c.LimitSession},
		{"AUTH_API_LIMIT_REGISTRATION", c.LimitRegistration}, {"AUTH_API_LIMIT_CLIENT", c.LimitClient},
	} {
		if one.rate.Attempts == 0 {
			names = append(names, one.name)
		}
	}
	return names
}
