package foreign_test

import (
	"os/exec"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/password/foreign"
)

// made runs another program and gives what it prints, or skips the test where the program is
// not installed.
func made(t *testing.T, command ...string) string {
	t.Helper()
	path, err := exec.LookPath(command[0])
	if err != nil {
		t.Skipf("NOT TESTED: %s is not installed (Debian: apt-get install whois apache2-utils python3-passlib python3-argon2 python3-bcrypt)", command[0])
	}
	out, err := exec.CommandContext(t.Context(), path, command[1:]...).CombinedOutput()
	if err != nil {
		t.Skipf("NOT TESTED: %s: %v: %s", strings.Join(command, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func wantMatch(t *testing.T, format foreign.Format, hash, password string) {
	t.Helper()
	h, err := foreign.Parse(format, hash, foreign.FirebaseKeys{})
	if err != nil {
		t.Fatalf("%s: %v", hash, err)
	}
	if !h.Matches(password) || h.Matches(password+"x") && len(password) < 72 {
		t.Errorf("%s does not match", hash)
	}
}

func TestMkpasswdVerifies(t *testing.T) {
	t.Parallel()
	for method, format := range map[string]foreign.Format{
		"sha512crypt": foreign.SHACrypt, "sha256crypt": foreign.SHACrypt, "bcrypt": foreign.Bcrypt, "bcrypt-a": foreign.Bcrypt,
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			for _, password := range []string{"violet teapot marches north", "é", strings.Repeat("long ", 30)} {
				wantMatch(t, format, made(t, "mkpasswd", "-m", method, password), password)
			}
		})
	}
}

func TestHtpasswdVerifies(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"violet teapot marches north", "é", strings.Repeat("long ", 30)} {
		_, hash, _ := strings.Cut(made(t, "htpasswd", "-nbB", "-C", "5", "ada", password), ":")
		wantMatch(t, foreign.Bcrypt, hash, password)
	}
}

func TestDjangoPasslibKeycloakVerify(t *testing.T) {
	t.Parallel()
	for expression, format := range map[string]foreign.Format{
		"django_pbkdf2_sha256.using(rounds=3000)":                            foreign.Django,
		"django_pbkdf2_sha1.using(rounds=3000)":                              foreign.Django,
		"pbkdf2_sha256.using(rounds=3000)":                                   foreign.Passlib,
		"pbkdf2_sha512.using(rounds=3000)":                                   foreign.Passlib,
		"pbkdf2_sha1.using(rounds=3000)":                                     foreign.Passlib,
		"scrypt.using(rounds=10, parallelism=2)":                             foreign.Scrypt,
		"argon2.using(type='ID', memory_cost=2048, rounds=2)":                foreign.Argon2,
		"argon2.using(type='I', memory_cost=2048, rounds=3, digest_size=32)": foreign.Argon2,
		"sha256_crypt.using(rounds=1500)":                                    foreign.SHACrypt,
		"sha512_crypt.using(rounds=1500)":                                    foreign.SHACrypt,
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			for _, password := range []string{"violet teapot marches north", "ﬁne é", strings.Repeat("long ", 30)} {
				wantMatch(t, format, made(t, "/usr/bin/python3", "-c", "import sys, passlib.hash as h; print(h."+expression+".hash(sys.argv[1]))", password), password)
			}
		})
	}
	t.Run("Keycloak", func(t *testing.T) {
		t.Parallel()
		// What Keycloak computes, by Python: 64 bytes of PBKDF2, its salt and value in base64.
		const program = `
import base64, hashlib, json, os, sys
salt = os.urandom(16)
value = hashlib.pbkdf2_hmac(sys.argv[2], sys.argv[1].encode(), salt, 27500, 64)
text = lambda b: base64.b64encode(b).decode()
print(json.dumps({"type": "password", "secretData": json.dumps({"value": text(value), "salt": text(salt), "additionalParameters": {}}),
  "credentialData": json.dumps({"hashIterations": 27500, "algorithm": "pbkdf2-" + sys.argv[2], "additionalParameters": {}})}))`
		for _, algorithm := range []string{"sha256", "sha512"} {
			wantMatch(t, foreign.Keycloak, made(t, "/usr/bin/python3", "-c", program, "violet teapot marches north", algorithm), "violet teapot marches north")
		}
	})
}
