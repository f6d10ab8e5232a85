package main_test

import (
	"strings"
	"testing"
)

func TestMailListSaysWhatFailed(t *testing.T) {
	t.Parallel()
	a := start(t)
	if out := a.must("mail", "list"); !strings.Contains(out, "There are no such mails.") {
		t.Errorf("an empty outbox: %s", out)
	}
	if _, err := a.postgres().Exec(t.Context(), `
		INSERT INTO mails (id, kind, recipient, data, state, tries, next_try_at, error, created_at) VALUES
			(gen_random_uuid(), 'new_device', 'ada@books.test', '{"address": "192.0.2.7"}', 'failed', 3, now(), 'RCPT: 550 5.1.1', now()),
			(gen_random_uuid(), 'password_changed', 'grace@books.test', '{}', 'unknown', 1, now(), 'no reply', now()),
			(gen_random_uuid(), 'password_changed', '', '{}', 'sent', 1, now(), '', now())`); err != nil {
		t.Fatal(err)
	}
	out := a.must("mail", "list")
	if !strings.Contains(out, "RCPT: 550 5.1.1") || !strings.Contains(out, "grace@books.test") || strings.Contains(out, "sent") || strings.Contains(out, "192.0.2.7") {
		t.Errorf("listed are\n%s", out)
	}
	if out := a.must("mail", "list", "--state", "unknown"); strings.Contains(out, "failed") || !strings.Contains(out, "unknown") {
		t.Errorf("unknown are\n%s", out)
	}
	if metrics := a.scrape(); !strings.Contains(metrics, `auth_mails_total{kind="new_device",state="unknown"} 0`) || !strings.Contains(metrics, "auth_mails_waiting 0") {
		t.Errorf("the metrics of mails are missing: %s", metrics)
	}
	if !strings.Contains(a.log.String(), "AUTH_API_SMTP_URL is not set") {
		t.Error("it is not said at the start that no mails are sent")
	}
}
