// Package fault has the one error type of the service. Its codes are a closed set; package
// httpapi/problem maps each to a status.
package fault
