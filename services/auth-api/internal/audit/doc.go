// Package audit records who did what, when, from where and with which result.
//
// Each act that changes state records one event with the transaction of the change:
// without the event there is no change, and without the change no event. What changes
// nothing, such as a wrong password, goes through Refusals, which sums up a flood.
//
// An event names accounts by their ids only. Address and device of the caller are in a
// table of their own, from which they are deleted with the account, or after 90 days.
package audit
