package audit

import (
	"context"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// maxDevice and maxText bound what a caller chooses, in bytes.
const (
	maxDevice = 256
	maxText   = 64
)

// Origin is who acts and from where.
type Origin struct {
	RequestID string
	// Address is the zero Addr if it is unknown.
	Address netip.Addr
	// Device is the user agent.
	Device string
	// Actor is whoever was authenticated; the zero Party if nobody was.
	Actor Party
	// Session is that of the caller's token, and Client the client that authenticated
	// itself; uuid.Nil if there is none.
	Session, Client uuid.UUID
}

type contextKey struct{}

// With puts an origin into a context.
func With(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, contextKey{}, &o)
}

// Of is the origin of a context; the zero Origin if there is none.
func Of(ctx context.Context) Origin {
	if o, found := ctx.Value(contextKey{}).(*Origin); found {
		return *o
	}
	return Origin{}
}

// clean makes a caller's text fit for a column and for a terminal: valid UTF-8 without
// control characters, and at most limit bytes.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
