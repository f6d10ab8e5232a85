package credential

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Nobody signs in as one of these roles; users are members of one.
const (
	// owner owns the database. Its members switch to it after signing in, so that no object
	// belongs to a user that is dropped later.
	owner = "auth_owner"
	// service gets from `auth-api schema apply` what auth-api needs, and owns nothing.
	service = "auth_service"
)

// login is a user of Postgres, what Postgres stores of its password, and the role of which it
// is a member.
type login struct{ role, verifier, group string }

// role is the name of the user of a version. Postgres stores one password for each user, so
// a new password gets a new user, and both can sign in while pods roll.
func role(group string, version int) string {
	if group == service {
		return fmt.Sprintf("auth_api_v%d", version)
	}
	return fmt.Sprintf("auth_v%d", version)
}

// roleName matches names that need no quoting in SQL.
var roleName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

func checkRole(user string) error {
	if !roleName.MatchString(user) || user == owner || user == service || user == "postgres" {
		return fmt.Errorf("%q cannot be the name of a user of Postgres here: small letters, digits and _, and none of %s, %s and postgres", user, owner, service)
	}
	return nil
}

func newLogin(group, user, password string, random io.Reader) (login, error) {
	if err := checkRole(user); err != nil {
		return login{}, err
	}
	// Other characters would have to be normalised first (RFC 4013).
	if strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r > '~' }) {
		return login{}, errors.New("the password for Postgres may have printable characters of ASCII only")
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(random, salt); err != nil {
		return login{}, fmt.Errorf("read randomness: %w", err)
	}
	v, err := scram(password, salt)
	return login{user, v, group}, err
}

const scramIterations = 4096 // Postgres's default

// scram is what Postgres stores of a password (RFC 5802, section 3), in the notation of
// Postgres's manual, "pg_authid".
func scram(password string, salt []byte) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("hash the password for Postgres: %w", err)
	}
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations, b64(salt), b64(stored[:]), b64(mac("Server Key"))), nil
}

// usersSQL is a script that makes the given users the only ones that are members of the owner
// or of the service's role; others are dropped. Only the owner can make tables. It can be run repeatedly: the entrypoint runs it for an empty volume,
// and a rotation runs it while Postgres runs.
func usersSQL(logins []login) string {
	var names, alter []string
	for _, l := range logins {
		names = append(names, "'"+l.role+"'")
		alter = append(alter,
			fmt.Sprintf("ALTER ROLE %s LOGIN PASSWORD '%s';", l.role, l.verifier),
			fmt.Sprintf("GRANT %s TO %s;", l.group, l.role))
		if l.group == owner {
			alter = append(alter, fmt.Sprintf("ALTER ROLE %s SET role = %s;", l.role, owner))
		}
	}
	all := strings.Join(names, ", ")
	return fmt.Sprintf(`-- The users that may sign in, by the hashes of their passwords.
BEGIN;
DO $$
DECLARE r name;
BEGIN
  FOREACH r IN ARRAY ARRAY['%[1]s', '%[4]s', %[2]s] LOOP
    IF to_regrole(r::text) IS NULL THEN
      EXECUTE format('CREATE ROLE %%I', r);
    END IF;
  END LOOP;
  FOR r IN SELECT u.rolname FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member
           WHERE m.roleid IN ('%[1]s'::regrole, '%[4]s'::regrole) AND u.rolname NOT IN ('postgres', %[2]s) LOOP
    EXECUTE format('DROP ROLE %%I', r);
  END LOOP;
END $$;
%[3]s
ALTER DATABASE auth OWNER TO %[1]s;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE TEMPORARY ON DATABASE auth FROM PUBLIC;
-- The superuser comes in by the socket of its pod alone.
ALTER ROLE postgres PASSWORD NULL;
COMMIT;
`, owner, all, strings.Join(alter, "\n"), service)
}

var (
	loginLine = regexp.MustCompile(`(?m)^ALTER ROLE ([a-z0-9_]+) LOGIN PASSWORD '(SCRAM-SHA-256\$[^']+)';$`)
	grantLine = regexp.MustCompile(`(?m)^GRANT (` + owner + `|` + service + `) TO ([a-z0-9_]+);$`)
)

// loginsOf parses a script that usersSQL wrote.
func loginsOf(sql string) (logins []login, err error) {
	groups := map[string]string{}
	for _, m := range grantLine.FindAllStringSubmatch(sql, -1) {
		groups[m[2]] = m[1]
	}
	for _, m := range loginLine.FindAllStringSubmatch(sql, -1) {
		logins = append(logins, login{m[1], m[2], groups[m[1]]})
	}
	if len(membersOf(owner, logins)) == 0 {
		return nil, errors.New("users.sql names no user with the hash of a password")
	}
	return logins, nil
}

func membersOf(group string, logins []login) (members []login) {
	for _, l := range logins {
		if l.group == group {
			members = append(members, l)
		}
	}
	return members
}
