// Package device makes and reads device tokens. A device gets one when somebody signs in on
// it, and sends it with the next sign-in: then it is known to that account, and wrong
// passwords of strangers do not count against it. It is never a factor: a known device needs
// the password, too.
//
// Nothing is stored. A token holds the device's id, the account, the version of its password
// and the time, with a MAC under a key of the service ring. It ends when the password is
// changed, after Lifetime, and when its key leaves the ring.
package device
