// Package code has one-time codes: they are mailed to an address, typed by whoever reads it,
// and spent once. A request for a code has an id, which is no secret: a link may carry it.
// The code is minted when its mail is about to be sent and stands nowhere in clear. Whether
// the address has an account makes no difference until then.
package code
