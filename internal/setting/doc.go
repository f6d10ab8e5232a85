// Package setting reads the settings of a program from the environment, by the
// tags of a struct's fields:
//
//	Addr    setting.Address  `envconfig:"BOOKS_ADDR" default:"127.0.0.1:8000"`
//	Timeout setting.Duration `envconfig:"BOOKS_TIMEOUT" default:"3s" min:"1ms" max:"24h"`
//	Key     setting.Secret   `envconfig:"BOOKS_KEY"`
//
// There is one type for each kind of value. All faults are found at once, a line
// each: the variable, what is wrong, and what to write. No line repeats a value,
// since a secret may have been given to the wrong variable.
//
// A variable that is set and empty is a fault, whatever its kind: it is most often
// a command or a reference that gave nothing. Secrets, and fields tagged
// file:"true", may be given as a file instead, named by the variable with _FILE
// after it.
//
// Known libraries for this stop at the first fault, repeat the value in it, and do
// not tell an empty variable from one that is not set.
package setting
