// Package passkey has passkeys: keys on people's devices that sign in instead of a password, and
// as its second step (Web Authentication, level 3). go-webauthn/webauthn, the common library for
// it, reads and checks what browsers send.
//
// # A ceremony
//
// To add a passkey or to sign in with one, a browser needs options, and sends back what the
// device has signed (ceremony.go). What the service has to remember in between travels with the
// options, sealed with a service key, so that a page that anybody may open writes nothing. A
// ceremony is good for a few minutes and once: what is stored is that it is over.
//
//   - BeginAdd and Add make a passkey for somebody who has signed in (add.go). It counts as a
//     second factor: package factor turns the second step on with the first one.
//   - BeginSignIn, Check and Spend sign in with a passkey alone; BeginSecondStep begins the same
//     for an account whose password was right (signin.go). Check says whether the answer is
//     right, and Spend spends it in the transaction that opens the session.
//   - Remove deletes one (remove.go).
//
// The device must always have checked who holds it, by PIN, finger or face: each passkey stands
// alone.
package passkey
