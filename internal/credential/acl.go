package credential

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// usersACL is Redis's ACL file (redis.io, "ACL"), of the hashes of the passwords
// that each user may sign in with: the old and the new one during a rotation.
//
//   - default may do everything and cannot sign in. It is also whom Redis loads
//     the append-only file as: without rights every transaction in it would be
//     refused at a restart, and its tokens would be lost;
//   - auth-api writes tokens' and clients' records, and no key but those;
//   - verifier reads tokens' records: for APIs that verify tokens themselves;
//   - probe asks whether Redis answers, and has it read this file again.
func usersACL(api, verifier []string) string {
	passwords := func(hashes []string) string { return "#" + strings.Join(hashes, " #") }
	return strings.Join([]string{
		"user default off ~* &* +@all",
		"user auth-api on " + passwords(api) + " ~session:* ~client:* resetchannels -@all +@read +@write +@connection +@transaction +@scripting -@dangerous",
		"user verifier on " + passwords(verifier) + " %R~session:* resetchannels -@all +@read +@connection -@dangerous",
		"user probe on nopass resetkeys resetchannels -@all +ping +acl|load",
	}, "\n") + "\n"
}

// hashesOf reads back what usersACL wrote.
func hashesOf(acl string) (api, verifier []string, err error) {
	for line := range strings.Lines(acl) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		for _, f := range fields[2:] {
			hash, isHash := strings.CutPrefix(f, "#")
			switch {
			case isHash && fields[1] == "auth-api":
				api = append(api, hash)
			case isHash && fields[1] == "verifier":
				verifier = append(verifier, hash)
			}
		}
	}
	if len(api) == 0 || len(verifier) == 0 {
		return nil, nil, errors.New("users.acl does not name the users auth-api and verifier with the hashes of their passwords")
	}
	return api, verifier, nil
}

func sum(password string) string {
	h := sha256.Sum256([]byte(password))
	return hex.EncodeToString(h[:])
}
