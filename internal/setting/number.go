package setting

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"auth.books.test/verify/storeurl"
)

// Number is a whole number, 0 or more.
type Number struct{ Value int }

// Decode accepts digits only.
func (n *Number) Decode(text string) error {
	value, err := strconv.Atoi(text)
	if err != nil || value < 0 || value > 1<<30 || strconv.Itoa(value) != text {
		return errors.New("write a whole number in digits alone, such as 10")
	}
	n.Value = value
	return nil
}

func (n Number) String() string { return strconv.Itoa(n.Value) }

func (n Number) within(least, most string) error {
	var from, to Number
	if least != "" && from.Decode(least) == nil && n.Value < from.Value {
		return fmt.Errorf("it is too small: write %s or more", least)
	}
	if most != "" && to.Decode(most) == nil && n.Value > to.Value {
		return fmt.Errorf("it is too large: write %s or less", most)
	}
	return nil
}

// Port is a TCP port, 1 to 65535.
type Port struct {
	Number
	// IsLink says that the value is not a port, but what Kubernetes sets for a Service of
	// the same name. If the port is used, add LinkProblem to the faults.
	IsLink bool
}

// LinkProblem is the problem of a port that is a link.
const LinkProblem = "this is what Kubernetes sets for a Service of that name: set the port yourself, or enableServiceLinks: false on the Pod"

// serviceLink begins the value that Kubernetes sets for a Service of the same name.
const serviceLink = "tcp://"

// Decode accepts digits only.
func (p *Port) Decode(text string) (err error) {
	if strings.HasPrefix(text, serviceLink) {
		p.IsLink = true
		return nil
	}
	if p.Value, err = storeurl.ParsePort(text); err != nil {
		return errors.New("write a port, 1 to 65535")
	}
	return nil
}

// Duration is a duration, 0 or more.
type Duration struct{ time.Duration }

// Decode parses numbers with units, such as 1h30m.
func (d *Duration) Decode(text string) error {
	value, err := time.ParseDuration(text)
	if err != nil || value < 0 || text[0] == '-' || text[0] == '+' {
		return errors.New("write a duration such as 500ms, 20s or 12h, not below 0")
	}
	d.Duration = value
	return nil
}

func (d Duration) within(least, most string) error {
	if from, err := time.ParseDuration(least); err == nil && d.Duration < from {
		return fmt.Errorf("it is too short: write at least %s", least)
	}
	if to, err := time.ParseDuration(most); err == nil && d.Duration > to {
		return fmt.Errorf("it is too long: write at most %s", most)
	}
	return nil
}
