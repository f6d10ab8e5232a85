package limit

import "time"

// attempts are those of one partition, oldest first.
type attempts struct {
	made   []made
	period time.Duration
	// refused is until when Redis is not asked again, since it has no place until free.
	refused, free time.Time
}

type made struct {
	id string
	at time.Time
}

// forget drops the attempts that are older than the period.
func (a *attempts) forget(now time.Time) {
	n := 0
	for n < len(a.made) && now.Sub(a.made[n].at) >= a.period {
		n++
	}
	a.made = a.made[n:]
}
