package cli

import (
	"context"
	"os"
	"os/user"
	"strconv"

	"auth.books.test/services/auth-api/internal/audit"
)

// AsOperator makes the operating system's user the one who acts in events. In a container
// without a list of users, the name is the number of the user.
func AsOperator(ctx context.Context) context.Context {
	uid := strconv.Itoa(os.Getuid())
	name := "uid " + uid
	// Not user.Current: without a list of users it believes the variable USER.
	if u, err := user.LookupId(uid); err == nil {
		name = u.Username
	}
	return audit.With(ctx, audit.Origin{Actor: audit.Party{Kind: audit.Command, Name: name}})
}
