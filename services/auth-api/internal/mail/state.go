package mail

import "github.com/prometheus/client_golang/prometheus"

// State is how far a mail is.
type State string

// The closed set of states.
const (
	Waiting State = "waiting"
	Sending State = "sending"
	Sent    State = "sent"
	// Unknown mails may have arrived, or not.
	Unknown State = "unknown"
	Failed  State = "failed"
	Dropped State = "dropped"
)

// States are all states.
func States() []State { return []State{Waiting, Sending, Sent, Unknown, Failed, Dropped} }

// newCounter counts what became of mails. Waiting is an attempt that will be repeated.
func newCounter() *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "auth_mails_total", Help: "Mails by their kind and what became of them; waiting counts attempts that failed and will be repeated.",
	}, []string{"kind", "state"})
	for _, kind := range Kinds() {
		for _, state := range []State{Waiting, Sent, Unknown, Failed, Dropped} {
			c.WithLabelValues(string(kind), string(state))
		}
	}
	return c
}

// Collectors are the metrics.
func (o *Outbox) Collectors() []prometheus.Collector { return []prometheus.Collector{o.ended} }

func (o *Outbox) count(kind Kind, state State) {
	o.ended.WithLabelValues(string(kind), string(state)).Inc()
}
