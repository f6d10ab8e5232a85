// Package fault is the one error type of the service. Its codes are a closed
// set; package httpapi maps each to a status in one place.
package fault
