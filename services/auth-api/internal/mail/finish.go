package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// firstPause doubles after each attempt, up to maxPause.
	firstPause = 10 * time.Second
	maxPause   = 15 * time.Minute
	// giveUpAfter is how long a mail is tried. By then, nobody waits for it any more.
	giveUpAfter = 24 * time.Hour
	// maxFinishes is how often the end of an attempt is written, if Postgres fails.
	maxFinishes = 3
)

// attempt sends a mail that was claimed, and writes how that ended. If it cannot be written,
// the mail stays as being sent, and becomes unknown.
func (o *Outbox) attempt(ctx context.Context, a *attempt) {
	state, problem := o.send(ctx, a)
	// What has happened is written even if this replica is about to stop.
	written := context.WithoutCancel(ctx)
	var err error
	for range maxFinishes {
		switch state {
		case Sent:
			err = o.handedOver(written, a)
		case Waiting:
			err = o.postpone(written, a, problem)
		default:
			err = o.db.Tx(written, func(ctx context.Context, tx pgx.Tx) error { return setState(ctx, tx, a, state, problem) })
		}
		if err == nil {
			break
		}
	}
	if err != nil {
		o.log.ErrorContext(ctx, "how the sending of a mail ended cannot be written: it becomes unknown", "mail", a.mail.ID, "kind", a.mail.Kind, "ended", state, "error", err)
		return
	}
	if state == Waiting {
		return // postpone counts and logs.
	}
	o.count(a.mail.Kind, state)
	switch state {
	case Unknown:
		o.log.ErrorContext(ctx, "the connection broke when a mail was complete: whether it arrives is unknown, and it is not sent again", "mail", a.mail.ID, "kind", a.mail.Kind)
	case Failed:
		o.log.ErrorContext(ctx, "the mail server refused a mail for good", "mail", a.mail.ID, "kind", a.mail.Kind, "problem", problem)
	}
}

// send hands the mail to the server, and says in which state that leaves it. problem repeats
// no address: servers quote them in their replies.
func (o *Outbox) send(ctx context.Context, a *attempt) (state State, problem string) {
	message, err := o.composer.Compose(a.mail, a.createdAt, o.now())
	if err != nil {
		return Failed, "the mail cannot be written: " + err.Error()
	}
	err = o.server.Send(ctx, a.mail.To, message)
	var refused *Refusal
	switch {
	case err == nil:
		return Sent, ""
	case errors.Is(err, ErrUnknown):
		return Unknown, err.Error()
	case errors.As(err, &refused):
		return Failed, err.Error()
	}
	return Waiting, err.Error()
}

// handedOver marks the mail as sent, and tells its Preparer. If the mail became unknown
// meanwhile, it is known now. If its account was deleted, nothing is left to mark.
func (o *Outbox) handedOver(ctx context.Context, a *attempt) error {
	return o.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		at := o.now().UTC()
		tag, err := tx.Exec(ctx, `
			UPDATE mails SET state = 'sent', handed_over_at = $3, recipient = '', data = '{}', error = ''
			WHERE id = $1 AND tries = $2 AND state IN ('sending', 'unknown')`, a.mail.ID, a.number, at)
		if err != nil {
			return fmt.Errorf("mark a mail as sent: %w", err)
		}
		if p := o.preparers[a.mail.Kind]; p != nil && tag.RowsAffected() == 1 {
			return p.HandedOver(ctx, tx, a.mail, at)
		}
		return nil
	})
}

// postpone lets the mail wait for its next attempt, or gives it up after a day.
func (o *Outbox) postpone(ctx context.Context, a *attempt, problem string) error {
	now := o.now().UTC()
	next := now.Add(pauseAfter(a.number))
	state := Waiting
	if next.After(a.createdAt.Add(giveUpAfter)) {
		state = Failed
	}
	err := o.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if state == Failed {
			return setState(ctx, tx, a, Failed, problem)
		}
		_, err := tx.Exec(ctx, `
			UPDATE mails SET state = 'waiting', tries = $2, next_try_at = $3, error = $4
			WHERE id = $1 AND (state = 'sending' AND tries = $2 OR state = 'waiting' AND tries = $2 - 1)`, a.mail.ID, a.number, next, clip(problem))
		return err
	})
	if err != nil {
		return fmt.Errorf("postpone a mail: %w", err)
	}
	o.count(a.mail.Kind, state)
	if state == Failed {
		o.log.ErrorContext(ctx, "a mail could not be sent for a day, and is given up", "mail", a.mail.ID, "kind", a.mail.Kind, "tries", a.number, "problem", problem)
		return nil
	}
	o.log.WarnContext(ctx, "a mail could not be sent yet", "mail", a.mail.ID, "kind", a.mail.Kind, "tries", a.number, "next_try_at", next, "problem", problem)
	return nil
}

// pauseAfter is how long a mail waits after its nth attempt.
func pauseAfter(n int) time.Duration {
	pause := firstPause
	for ; n > 1 && pause < maxPause; n-- {
		pause *= 2
	}
	return min(pause, maxPause)
}

// setState writes a final state. The recipient stays where somebody may ask who got no mail.
func setState(ctx context.Context, tx pgx.Tx, a *attempt, state State, problem string) error {
	_, err := tx.Exec(ctx, `
		UPDATE mails SET state = $3, tries = $2, error = $4, data = '{}', recipient = CASE WHEN $3 = 'dropped' THEN '' ELSE recipient END
		WHERE id = $1 AND state IN ('waiting', 'sending')`, a.mail.ID, a.number, state, clip(problem))
	if err != nil {
		return fmt.Errorf("mark a mail as %s: %w", state, err)
	}
	return nil
}

// maxProblem is how many bytes of a problem are stored.
const maxProblem = 512

func clip(s string) string {
	if len(s) > maxProblem {
		s = s[:maxProblem]
	}
	return toText(s)
}
