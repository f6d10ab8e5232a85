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
// A browser may also make a passkey by itself, after somebody has signed in with a password. It
// counts as no factor until its first use. While sign-ins have no second step, such passkeys are
// worth no more than the password, and go when it changes; when the second step is turned on,
// those that were never used go.
//
// A passkey that somebody adds on purpose stands alone: when it is made, and each time that it is
// used, the device must have checked who holds it, by PIN, finger or face.
package passkey
