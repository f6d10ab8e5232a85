package config

import (
	"fmt"
	"strings"
)

// Faults are all that is wrong with the settings.
type Faults []Fault

// Fault is one setting that cannot be used.
type Fault struct {
	// Variable is its name in the environment.
	Variable string
	// Problem says what is wrong and what to write.
	Problem string
}

// Error has one line for every fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Variable + ": " + fault.Problem
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) add(variable, problem string, args ...any) {
	*f = append(*f, Fault{variable, fmt.Sprintf(problem, args...)})
}

func (f Faults) orNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
