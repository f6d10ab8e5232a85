package page

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// notice names what a page says about what was done just now. It travels in the URL, so the
// words do not: a link could say anything.
type notice string

const noticeField = "notice"

// The closed set of notices.
const (
	ended       notice = "ended"
	othersEnded notice = "others-ended"
	stale       notice = "stale"
	expired     notice = "expired"
	again       notice = "again"
	reset       notice = "password-reset"
	joined      notice = "joined"
	renamed     notice = "renamed"
	changed     notice = "password-changed"
	deleted     notice = "deleted"
	moved       notice = "address-changed"
	restored    notice = "address-restored"
	late        notice = "late"
	factorOff   notice = "second-step-off"
	appAdded    notice = "app-added"
	// passkeyAdded is said only if there was another second factor before.
	passkeyAdded   notice = "passkey-added"
	passkeyRemoved notice = "passkey-removed"
)

func (n notice) words() string {
	switch n {
	case ended:
		return "It is ended, and so is everything that it had access to."
	case othersEnded:
		return "You are signed out everywhere else."
	case stale:
		return "That page was out of date, so nothing was changed. This one is up to date."
	case expired:
		return "You are signed in, but what the app asked for is too old. Go back to the app and start there again."
	case again:
		return "You signed in a while ago. For this, sign in once more."
	case joined:
		return "Your account is there. Sign in with your password."
	case reset:
		return "Your new password is set, and you are signed out everywhere. Sign in with it."
	case renamed:
		return "Your name is changed."
	case changed:
		return "Your password is changed, and you are signed out everywhere else."
	case moved:
		return "Your account has the new address. The one from before can undo that for a day."
	case restored:
		return "The address from before is yours again, and everybody is signed out. Sign in with it and the new password."
	case late:
		return "That took too long, or the code was asked for elsewhere. Sign in again."
	case factorOff:
		return "Your authenticator app is not asked for any more, and you are signed out everywhere else."
	case appAdded:
		return "Your authenticator app is added. Your recovery codes are the same as before."
	case passkeyAdded:
		return "Your passkey is added. Your recovery codes are the same as before."
	case passkeyRemoved:
		return "The passkey is removed, and you are signed out everywhere else. Remove it from your device as well."
	case deleted:
		return "Your account is deleted, and you are signed out everywhere."
	}
	return ""
}

// on is a path of ours with the notice.
func (n notice) on(path string) string {
	if n.words() == "" {
		return path
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + noticeField + "=" + string(n)
}

// noticeOf is that of a URL; "" if it is none of ours.
func noticeOf(c *fiber.Ctx) notice {
	n := notice(c.Query(noticeField))
	if n.words() == "" {
		return ""
	}
	return n
}

func (n notice) node() g.Node {
	return g.Iff(n.words() != "", func() g.Node { return h.P(h.Class("notice"), h.Role("status"), g.Text(n.words())) })
}
