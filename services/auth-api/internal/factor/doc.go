// Package factor has the second step of a sign-in: time-based one-time passwords of an
// authenticator app (TOTP, RFC 6238), and recovery codes for people who have lost it.
//
// # States of a factor
//
//   - none: Begin makes a secret and shows it once. Nothing asks for a code yet, and a secret
//     that is never confirmed is deleted after an hour (enrol.go).
//   - on: Confirm takes a first code, which proves that the app has the secret, and makes the
//     recovery codes (enrol.go). From now on sign-ins need a second step.
//   - off: Remove, by the owner or by an operator, deletes secret and codes (remove.go).
//
// # A sign-in
//
// A right password of such an account gives a challenge: a handle that is good for a few
// minutes and once (challenge.go). Whoever has it sends a code. Check says whether the code is
// right, and counts a wrong one by account, whatever the challenge; Spend spends challenge and
// code in the transaction that opens the session (check.go).
package factor
