package setting

import (
	"fmt"
	"slices"
	"strings"
)

// Faults are all faults of the settings.
type Faults []Fault

// Fault is one setting that cannot be used.
type Fault struct {
	// Variable is the setting's name in the environment.
	Variable string
	// Problem says what is wrong and what to write.
	Problem string
}

// Error has one line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Variable + ": " + fault.Problem
	}
	return strings.Join(lines, "\n")
}

// Add adds a fault.
func (f *Faults) Add(variable, problem string, args ...any) {
	*f = append(*f, Fault{variable, fmt.Sprintf(problem, args...)})
}

// Has says whether there already is a fault of one of the variables, or of the file that it
// names.
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
