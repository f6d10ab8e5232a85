package mail

import "errors"

// ErrUnknown means that the connection broke after the message was complete, before the
// server replied: it may have been accepted.
var ErrUnknown = errors.New("no reply after the end of the message")

// Refusal means that the server refused the mail for good.
type Refusal struct {
	// Reply is the reply without its text, such as "RCPT: 550 5.1.1".
	Reply string
}

// Error is the reply.
func (r *Refusal) Error() string { return r.Reply }
