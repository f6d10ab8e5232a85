package foreign_test

import (
	"errors"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/password/foreign"
)

func wantRefusal(t *testing.T, name string, format foreign.Format, text string, want foreign.Reason) {
	t.Helper()
	_, err := foreign.Parse(format, text, foreign.FirebaseKeys{})
	var refusal *foreign.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != want {
		t.Errorf("%s: %v, want %s", name, err, want)
		return
	}
	if len(text) > 40 && strings.Contains(err.Error(), text[len(text)-20:]) {
		t.Errorf("%s: the error holds the hash: %v", name, err)
	}
}

const (
	body53 = "abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS"
	salt16 = "MDEyMzQ1Njc4OWFiY2RlZg"
	tag32  = "vN0sQNSMoXbuNK3a9ZeDAb7Wcn+2oqgXsnLvBChPpuQ"
)

func TestForeignBcryptIsRefused(t *testing.T) {
	t.Parallel()
	for _, minor := range []string{"", "x", "c", "z"} {
		wantRefusal(t, "$2"+minor+"$", foreign.Bcrypt, "$2"+minor+"$04$"+body53, foreign.Unsupported)
	}
	_, err := foreign.Parse(foreign.Bcrypt, "$2x$04$"+body53, foreign.FirebaseKeys{})
	if err == nil || !strings.Contains(err.Error(), "$2x$") {
		t.Errorf("the error does not name the variant: %v", err)
	}
	for name, text := range map[string]string{
		"one more": "$2b$04$" + body53 + "a", "one less": "$2b$04$" + body53[1:], "cost 3": "$2b$03$" + body53, "cost 0": "$2b$00$" + body53,
		"an old one": "$1$saltsalt$" + body53, "a line after it": "$2b$04$" + body53 + "\n", "a capital": "$2B$04$" + body53,
	} {
		wantRefusal(t, name, foreign.Bcrypt, text, foreign.Malformed)
	}
}

func TestHugeCostIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format foreign.Format
		text   string
	}{
		"bcrypt":           {foreign.Bcrypt, "$2b$17$" + body53},
		"bcrypt, most":     {foreign.Bcrypt, "$2b$99$" + body53},
		"scrypt, N":        {foreign.Scrypt, "$scrypt$ln=31,r=8,p=1$" + salt16 + "$" + tag32},
		"scrypt, huge":     {foreign.Scrypt, "$scrypt$ln=4294967295,r=4294967295,p=4294967295$" + salt16 + "$" + tag32},
		"scrypt, N·r":      {foreign.Scrypt, "$scrypt$ln=18,r=8,p=1$" + salt16 + "$" + tag32},
		"scrypt, r":        {foreign.Scrypt, "$scrypt$ln=4,r=1000000,p=1$" + salt16 + "$" + tag32},
		"scrypt, p":        {foreign.Scrypt, "$scrypt$ln=17,r=8,p=8$" + salt16 + "$" + tag32},
		"argon2, memory":   {foreign.Argon2, "$argon2id$v=19$m=4194304,t=1,p=1$" + salt16 + "$" + tag32},
		"argon2, passes":   {foreign.Argon2, "$argon2id$v=19$m=65536,t=1000000,p=1$" + salt16 + "$" + tag32},
		"argon2, lanes":    {foreign.Argon2, "$argon2id$v=19$m=65536,t=1,p=255$" + salt16 + "$" + tag32},
		"pbkdf2":           {foreign.PBKDF2, "$pbkdf2-sha256$i=4294967295,l=32$" + salt16 + "$" + tag32},
		"passlib":          {foreign.Passlib, "$pbkdf2-sha256$5000001$" + salt16 + "$" + strings.ReplaceAll(tag32, "+", ".")},
		"django":           {foreign.Django, "pbkdf2_sha256$5000001$salt$" + tag32 + "="},
		"two blocks":       {foreign.PBKDF2, "$pbkdf2-sha1$i=2500001$" + salt16 + "$" + tag32},
		"SHA-crypt":        {foreign.SHACrypt, "$5$rounds=999999999$saltsalt$" + strings.ReplaceAll(tag32, "+", ".")},
		"Firebase, memory": {foreign.Firebase, `{"hash":"` + tag32 + `","salt":"` + salt16 + `","signerKey":"` + tag32 + `","rounds":8,"memCost":25}`},
		"Firebase, rounds": {foreign.Firebase, `{"hash":"` + tag32 + `","salt":"` + salt16 + `","signerKey":"` + tag32 + `","rounds":100000,"memCost":14}`},
		"Keycloak":         {foreign.Keycloak, `{"secretData":"{\"value\":\"` + tag32 + `=\",\"salt\":\"` + salt16 + `==\"}","credentialData":"{\"hashIterations\":5000001,\"algorithm\":\"pbkdf2-sha256\"}"}`},
	} {
		wantRefusal(t, name, c.format, c.text, foreign.TooCostly)
	}
	_, err := foreign.Parse(foreign.Django, "pbkdf2_sha256$5000001$salt$"+tag32+"=", foreign.FirebaseKeys{})
	if err == nil || !strings.Contains(err.Error(), "5000001") || !strings.Contains(err.Error(), "5000000") {
		t.Errorf("the error does not say what is asked for and what is accepted: %v", err)
	}
}

func TestOtherHashesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format foreign.Format
		text   string
		want   foreign.Reason
	}{
		"no format":              {"", "x", foreign.UnknownFormat},
		"a format of somebody":   {"md5", "x", foreign.UnknownFormat},
		"none is not given":      {"none", "", foreign.UnknownFormat},
		"argon2d":                {foreign.Argon2, "$argon2d$v=19$m=1024,t=3,p=1$" + salt16 + "$" + tag32, foreign.Unsupported},
		"argon2, version 16":     {foreign.Argon2, "$argon2id$v=16$m=1024,t=3,p=1$" + salt16 + "$" + tag32, foreign.Unsupported},
		"argon2 with a key":      {foreign.Argon2, "$argon2id$v=19$m=1024,t=3,p=1,keyid=abc$" + salt16 + "$" + tag32, foreign.Unsupported},
		"argon2, order":          {foreign.Argon2, "$argon2id$v=19$t=3,m=1024,p=1$" + salt16 + "$" + tag32, foreign.Malformed},
		"argon2, a leading zero": {foreign.Argon2, "$argon2id$v=19$m=01024,t=3,p=1$" + salt16 + "$" + tag32, foreign.Malformed},
		"argon2, no hash":        {foreign.Argon2, "$argon2id$v=19$m=1024,t=3,p=1$" + salt16 + "$", foreign.Malformed},
		"pbkdf2, no hash":        {foreign.PBKDF2, "$pbkdf2-sha256$i=1000$" + salt16 + "$", foreign.Malformed},
		"pbkdf2, a short hash":   {foreign.PBKDF2, "$pbkdf2-sha256$i=1000$" + salt16 + "$AAAA", foreign.Malformed},
		"pbkdf2, another length": {foreign.PBKDF2, "$pbkdf2-sha256$i=1000,l=31$" + salt16 + "$" + tag32, foreign.Malformed},
		"pbkdf2 with MD5":        {foreign.PBKDF2, "$pbkdf2-md5$i=1000$" + salt16 + "$" + tag32, foreign.Unsupported},
		"passlib as PHC":         {foreign.PBKDF2, "$pbkdf2-sha256$1000$" + salt16 + "$" + tag32, foreign.Malformed},
		"PHC as passlib":         {foreign.Passlib, "$pbkdf2-sha256$i=1000$" + salt16 + "$" + tag32, foreign.Malformed},
		"Django's unusable":      {foreign.Django, "!abcdefgh", foreign.Unsupported},
		"Django's MD5":           {foreign.Django, "md5$salt$acbd18db4cc2f85cedef654fccc4a4d8", foreign.Unsupported},
		"SHA-crypt, few rounds":  {foreign.SHACrypt, "$5$rounds=999$saltsalt$" + strings.ReplaceAll(tag32, "+", "."), foreign.Malformed},
		"SHA-crypt, half":        {foreign.SHACrypt, "$6$saltsalt$" + strings.ReplaceAll(tag32, "+", "."), foreign.Malformed},
		"yescrypt":               {foreign.SHACrypt, "$y$j9T$saltsalt$" + tag32, foreign.Malformed},
		"Keycloak's OTP":         {foreign.Keycloak, `{"type":"otp","secretData":"{}","credentialData":"{}"}`, foreign.Unsupported},
		"Keycloak without salt":  {foreign.Keycloak, `{"secretData":"{\"value\":\"` + tag32 + `=\"}","credentialData":"{\"hashIterations\":1,\"algorithm\":\"pbkdf2-sha256\"}"}`, foreign.Malformed},
		"a long text":            {foreign.SHACrypt, strings.Repeat("a", 5000), foreign.Malformed},
	} {
		wantRefusal(t, name, c.format, c.text, c.want)
	}
}

// What is stored must not be read in a second way.
func TestOnlyStoredFormsAreRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "imported:", "imported:bcrypt", "$2b$04$" + body53, "$argon2id$v=19$m=19456,t=2,p=1$" + salt16 + "$" + tag32,
		"imported:django:pbkdf2_sha256$1000$salt$" + tag32 + "=", "imported:bcrypt:$2x$04$" + body53, "imported:bcrypt:$2b$31$" + body53,
	} {
		if h, err := foreign.Read(text); err == nil {
			t.Errorf("%q is read as %s", text, h)
		}
	}
}
