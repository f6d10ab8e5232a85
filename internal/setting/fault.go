package setting

import (
	"fmt"
	"slices"
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

// Add notes a fault.
func (f *Faults) Add(variable, problem string, args ...any) {
	*f = append(*f, Fault{variable, fmt.Sprintf(problem, args...)})
}

// Has says whether something is wrong with one of the variables already, or with
// the file that it names.
func (f Faults) Has(variables ...string) bool {
	return slices.ContainsFunc(f, func(fault Fault) bool {
		return slices.Contains(variables, strings.TrimSuffix(fault.Variable, fileSuffix))
	})
}

// OrNil is the faults as an error, or nil if there are none.
func (f Faults) OrNil() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
