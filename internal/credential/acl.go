package credential

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// The commands that the programs run. AUTH and HELLO need no permission.
const (
	apiCommands = "+ping +client|tracking +info +scan +get +touch +object|idletime +set +del +hgetall +hset +hdel +watch +unwatch +multi +exec " +
		"+zadd +zrem +zcard +zrange +zremrangebyscore +pexpire" // what package limit counts with
	// The commands of APIs that verify tokens themselves, in any language.
	verifierCommands = "+ping +client|tracking +get +touch"
)

// usersACL is Redis's ACL file (redis.io, "ACL"). Each user has the hashes of the passwords
// that are accepted: the old and the new one during a rotation.
//
//   - default may do everything, but cannot sign in. Redis also loads the append-only file
//     as this user: without permissions, Redis would refuse every transaction in the file
//     at a restart, and lose its tokens;
//   - auth-api writes records of tokens and clients, counts attempts, and has no other key;
//   - verifier reads records of tokens, for APIs that verify tokens themselves;
//   - probe may only PING, and needs no password;
//   - reload makes Redis read this file again. Only Redis's own pods have its password.
//
// Every command is listed. A category such as @read would also allow commands that nobody
// needs, for example SCAN, which key patterns do not restrict. Nobody may run scripts.
func usersACL(u redisUsers) string {
	passwords := func(hashes []string) string { return "#" + strings.Join(hashes, " #") }
	users := []string{
		"user default off ~* &* +@all",
		"user auth-api on " + passwords(u.api) + " ~session:* ~client:* ~limit:* resetchannels -@all " + apiCommands,
		"user verifier on " + passwords(u.verifier) + " %R~session:* resetchannels -@all " + verifierCommands,
		"user probe on nopass resetkeys resetchannels -@all +ping",
	}
	// Without a hash, the user would have no password at all.
	if len(u.reload) > 0 {
		users = append(users, "user reload on "+passwords(u.reload)+" resetkeys resetchannels -@all +acl|load")
	}
	return strings.Join(users, "\n") + "\n"
}

// redisUsers are the hashes of the accepted passwords of each user.
type redisUsers struct{ api, verifier, reload []string }

// hashesOf parses a file that usersACL wrote.
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
