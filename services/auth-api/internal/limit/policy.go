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
	// Account is for sign-ins of strangers at one account: from whatever address, on a
	// device that is not known. Device is for all known devices of an account.
	Account, Device Rate
	// Session is for one session: wrong current passwords.
	Session Rate
	// SecondStep is for one account: wrong codes of its second factor.
	SecondStep Rate
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
	// free is after how many attempts in a period the next ones have to wait, each twice as
	// long as the one before. 0: none waits before the limit is reached.
	free int
}

// door is what an address is limited at.
type door struct{ address, network, overall policy }

func newDoor(name string, address, overall Rate) door {
	network := address
	network.Attempts *= networkFactor
	return door{policy{name: name + "_address", Rate: address}, policy{name: name + "_network", Rate: network}, policy{name: name + "_overall", Rate: overall}}
}

// SecondStep is the limit of an account's second step. It is no setting: three of a million
// codes are right at a time, and whoever guesses them knows the password.
func SecondStep() Rate { return Rate{Attempts: 5, Period: 10 * time.Minute} }
