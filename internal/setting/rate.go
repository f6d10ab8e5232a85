package setting

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	mostAttempts = 1_000_000
	leastPeriod  = time.Second
	mostPeriod   = 24 * time.Hour
	off          = "off"
)

// Rate is a limit: so many attempts within a period. It is zero for "off".
type Rate struct {
	Attempts int
	Period   time.Duration
}

// Decode parses a number and a period such as 30/10m, or off.
func (r *Rate) Decode(text string) error {
	if text == off {
		*r = Rate{}
		return nil
	}
	number, length, _ := strings.Cut(text, "/")
	attempts, err := strconv.Atoi(number)
	period, periodErr := time.ParseDuration(length)
	switch {
	case err != nil, strconv.Itoa(attempts) != number, periodErr != nil:
		return errors.New("write a number of attempts and a period, such as 30/10m, or off")
	case attempts < 1 || attempts > mostAttempts:
		return errors.New("the number of attempts is not within 1 and 1000000. To have no limit, write off")
	case period < leastPeriod || period > mostPeriod || period%time.Second != 0:
		return errors.New("the period is not a number of seconds within 1s and 24h")
	}
	r.Attempts, r.Period = attempts, period
	return nil
}

func (r Rate) String() string {
	if r.Attempts == 0 {
		return off
	}
	return strconv.Itoa(r.Attempts) + "/" + Duration{r.Period}.String()
}
