// Package sealing makes and opens SealedSecrets offline, in strict scope: a
// sealed value is bound to its namespace and name, and opens under no other.
// No value is ever printed or passed on a command line.
package sealing
