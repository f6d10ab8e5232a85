package app

import (
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/services/auth-api/internal/sessiondb"
)

// newLimits makes the limiter. After a change of the service ring's first key the limits
// begin anew, since partitions have other names.
func newLimits(c config.Config, client redis.Cmdable, log *slog.Logger) *limit.Limiter {
	_, key := c.ServiceRing().Derive(limit.Label)
	return limit.New(limit.Options{
		Redis: client, Timeout: sessiondb.Timeout, Key: key, Now: time.Now, Log: log,
		Rates: limit.Rates{
			SignIn: limit.Rate(c.LimitSignIn), Account: limit.Rate(c.LimitAccount), Device: limit.Rate(c.LimitDevice), SignInOverall: limit.Rate(c.LimitSignInOverall), Session: limit.Rate(c.LimitSession),
			SecondStep:   limit.SecondStep(),
			Registration: limit.Rate(c.LimitRegistration), RegistrationOverall: limit.Rate(c.LimitRegistrationOverall),
			Client: limit.Rate(c.LimitClient), ClientOverall: limit.Rate(c.LimitClientOverall),
		},
	})
}
