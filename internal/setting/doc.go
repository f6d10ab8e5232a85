// Package setting reads a program's settings from the environment into a struct, by the
// tags of its fields:
//
//	Addr    setting.Address  `envconfig:"BOOKS_ADDR" default:"127.0.0.1:8000"`
//	Timeout setting.Duration `envconfig:"BOOKS_TIMEOUT" default:"3s" min:"1ms" max:"24h"`
//	Key     setting.Secret   `envconfig:"BOOKS_KEY"`
//
// There is one type for each kind of value. All faults are reported at once, one line each:
// the variable, what is wrong, and what to write. No line repeats a value, since the wrong
// variable may have been set to a secret.
//
// A variable that is set but empty is a fault, whatever its kind: usually a command or a
// reference failed. Secrets, and fields tagged file:"true", can be read from a file
// instead; its name is in the variable with _FILE appended.
//
// This package exists because the known libraries stop at the first fault, repeat the value
// in the error, and treat an empty variable as unset.
package setting
