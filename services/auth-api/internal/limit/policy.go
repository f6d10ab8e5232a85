package limit

import "time"

// Rate allows a number of attempts in any period of that length. The zero Rate is no limit.
type Rate struct {
	Attempts int
	Period   time.Duration
}

// Rates are the limits.
type Rates struct {
	// SignIn, Registration and Client are for one address. Client counts wrong secrets of
	// clients.
	SignIn, Registration, Client Rate
	// Session is for one session: wrong current passwords.
	Session Rate
	// The others are for everybody together, and bound how many keys the limits make.
	SignInOverall, RegistrationOverall, ClientOverall Rate
}

const (
	// networkFactor is how many times the limit of a /64 a whole /48 may have: a provider
	// gives a customer up to 65,536 networks of /64.
	networkFactor = 4
	// strictShare is the share of a limit that is left while Redis does not answer, and how
	// many attempts of one address are worked on at once. They are the same, so that without
	// Redis, too, good attempts in parallel are not refused.
	strictShare = 10
)

// policy is a limit. Its name is a label of the metric, and the policy in the answer.
type policy struct {
	name string
	Rate
}

func (p policy) strict() int { return max(1, p.Attempts/strictShare) }

// door is what an address is limited at.
type door struct{ address, network, overall policy }

func newDoor(name string, address, overall Rate) door {
	network := address
	network.Attempts *= networkFactor
	return door{policy{name + "_address", address}, policy{name + "_network", network}, policy{name + "_overall", overall}}
}
