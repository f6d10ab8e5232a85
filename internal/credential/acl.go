package credential

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// What the programs run. AUTH and HELLO need no right.
const (
	apiCommands = "+ping +client|tracking +info +scan +get +touch +object|idletime +set +del +hgetall +hset +hdel +watch +unwatch +multi +exec"
	// What APIs use that verify tokens themselves, in any language.
	verifierCommands = "+ping +client|tracking +get +touch"
)

// usersACL is Redis's ACL file (redis.io, "ACL"), of the hashes of the passwords
// that each user may sign in with: the old and the new one during a rotation.
//
//   - default may do everything and cannot sign in. It is also whom Redis loads
//     the append-only file as: without rights every transaction in it would be
//     refused at a restart, and its tokens would be lost;
//   - auth-api writes tokens' and clients' records, and no key but those;
//   - verifier reads tokens' records: for APIs that verify tokens themselves;
//   - probe asks whether Redis answers. It needs no password;
//   - reload has Redis read this file again, by the password that only Redis's own
//     pods are given.
//
// Each command is named: a class such as @read would also allow what nobody here
// needs, SCAN for instance, which no rule about keys binds. Nobody may run scripts.
func usersACL(u redisUsers) string {
	passwords := func(hashes []string) string { return "#" + strings.Join(hashes, " #") }
	users := []string{
		"user default off ~* &* +@all",
		"user auth-api on " + passwords(u.api) + " ~session:* ~client:* resetchannels -@all " + apiCommands,
		"user verifier on " + passwords(u.verifier) + " %R~session:* resetchannels -@all " + verifierCommands,
		"user probe on nopass resetkeys resetchannels -@all +ping",
	}
	// Without a password there would be one that everybody knows.
	if len(u.reload) > 0 {
		users = append(users, "user reload on "+passwords(u.reload)+" resetkeys resetchannels -@all +acl|load")
	}
	return strings.Join(users, "\n") + "\n"
}

// redisUsers are the hashes of the passwords that each user may sign in with.
type redisUsers struct{ api, verifier, reload []string }

// hashesOf reads back what usersACL wrote.
func hashesOf(acl string) (u redisUsers, err error) {
	for line := range strings.Lines(acl) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		for _, f := range fields[2:] {
			hash, isHash := strings.CutPrefix(f, "#")
			switch {
			case isHash && fields[1] == "auth-api":
				u.api = append(u.api, hash)
			case isHash && fields[1] == "verifier":
				u.verifier = append(u.verifier, hash)
			case isHash && fields[1] == "reload":
				u.reload = append(u.reload, hash)
			}
		}
	}
	if len(u.api) == 0 || len(u.verifier) == 0 {
		return redisUsers{}, errors.New("users.acl does not name the users auth-api and verifier with the hashes of their passwords")
	}
	return u, nil
}

func sum(password string) string {
	h := sha256.Sum256([]byte(password))
	return hex.EncodeToString(h[:])
}
