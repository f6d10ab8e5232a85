// Package mailbox is a mail server for development and for tests, on loopback. It takes every
// mail, delivers none, and shows the last hundred on a page.
package mailbox
