package foreign_test

import (
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/password/foreign"
)

const battery = "correct horse battery"

// firebaseKeys are those of the README of github.com/firebase/scrypt.
var firebaseKeys = foreign.FirebaseKeys{
	SignerKey:     "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
	SaltSeparator: "Bw==", Rounds: 8, MemCost: 14,
}

// vector is a hash and the program that made it.
type vector struct {
	made           string
	format         foreign.Format
	hash, password string
}

func vectors() []vector {
	return []vector{
		{"htpasswd -nbB -C 4 u PASSWORD (2.4.71)", foreign.Bcrypt, "$2y$04$Wl/Zpk4RxSoD7pfK6RQHSOYb3znVsp//HsVJ2ZHIvr/Y8rE/i1Sfi", battery},
		{"htpasswd -nbB -C 4 u PASSWORD (2.4.71), 100 letters", foreign.Bcrypt, "$2y$04$qX9HSU0GUDcY/VupWK2/s.SgHAet1AeuATaxO6Qjrr/RYGWYPLxDS", strings.Repeat("a", 100)},
		{"mkpasswd -m bcrypt -R 5 PASSWORD", foreign.Bcrypt, "$2b$05$463DfpAs3JPTR6UD5fkIQ.u.1pdeDlIOcg2K7E5BiMeqIxsVADFiK", battery},
		{"passlib.hash.bcrypt.using(rounds=4)", foreign.Bcrypt, "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS", battery},
		{"passlib.hash.bcrypt.using(rounds=4, ident='2a')", foreign.Bcrypt, "$2a$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS", battery},
		{"passlib.hash.scrypt.using(rounds=10)", foreign.Scrypt, "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$xXt6EAFzAOlee5Hgl8R5+kLA6sDARjRcMGtm6fZJsa8", battery},
		{"passlib.hash.pbkdf2_sha256.using(rounds=2000)", foreign.Passlib, "$pbkdf2-sha256$2000$MDEyMzQ1Njc4OWFiY2RlZg$vN0sQNSMoXbuNK3a9ZeDAb7Wcn.2oqgXsnLvBChPpuQ", battery},
		{"passlib.hash.pbkdf2_sha512.using(rounds=2000)", foreign.Passlib, "$pbkdf2-sha512$2000$MDEyMzQ1Njc4OWFiY2RlZg$EuHAylGqLCL6G0GjJ3b.fNhY5xhmwILweFXAgoZj8pPoNPNjB9OapIe/eite/Au.dxtsaajBN8e2ZpA2k0xYjg", battery},
		{"passlib.hash.pbkdf2_sha1.using(rounds=2000)", foreign.Passlib, "$pbkdf2$2000$MDEyMzQ1Njc4OWFiY2RlZg$6xtA0Gw8DJNvji3D9pZsRfoAS5o", battery},
		// The same hash in the PHC form: length of 32 bytes, and + for passlib's dot.
		{"passlib's, written as PHC", foreign.PBKDF2, "$pbkdf2-sha256$i=2000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$vN0sQNSMoXbuNK3a9ZeDAb7Wcn+2oqgXsnLvBChPpuQ", battery},
		{"passlib's, written as PHC without l", foreign.PBKDF2, "$pbkdf2-sha256$i=2000$MDEyMzQ1Njc4OWFiY2RlZg$vN0sQNSMoXbuNK3a9ZeDAb7Wcn+2oqgXsnLvBChPpuQ", battery},
		{"passlib.hash.django_pbkdf2_sha256.using(rounds=2000)", foreign.Django, "pbkdf2_sha256$2000$abcdefghijkl$BAxFDN0scv8+btPHiu3TqufYVsYnghQ9KkXx7oporgI=", battery},
		{"passlib.hash.django_pbkdf2_sha1.using(rounds=2000)", foreign.Django, "pbkdf2_sha1$2000$abcdefghijkl$m4PYWLr+zn026ypBXYN3Y5wcFH0=", battery},
		// No Keycloak ran: these are passlib's hashes in the form that Keycloak's sources write
		// (PasswordCredentialModel, Argon2PasswordHashProvider).
		{"passlib's, written as Keycloak's credential", foreign.Keycloak, `{"type":"password","secretData":"{\"value\":\"vN0sQNSMoXbuNK3a9ZeDAb7Wcn+2oqgXsnLvBChPpuQ=\",\"salt\":\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"additionalParameters\":{}}","credentialData":"{\"hashIterations\":2000,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}"}`, battery},
		{"passlib's, written as Keycloak's credential", foreign.Keycloak, `{"secretData":"{\"value\":\"23Z7arkdcj0AScvcD8DvFQ==\",\"salt\":\"oJRSqnWOsXaulXIuBSCktA==\"}","credentialData":"{\"hashIterations\":2,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"16\"],\"memory\":[\"1024\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"2\"]}}"}`, battery},
		{"passlib.hash.argon2.using(type='ID', memory_cost=1024, rounds=2, parallelism=2)", foreign.Argon2, "$argon2id$v=19$m=1024,t=2,p=2$oJRSqnWOsXaulXIuBSCktA$23Z7arkdcj0AScvcD8DvFQ", battery},
		{"passlib.hash.argon2.using(type='I', memory_cost=1024, rounds=3, parallelism=1)", foreign.Argon2, "$argon2i$v=19$m=1024,t=3,p=1$VeqdU6p17j1nDGHsfe9dqw$+Ve8YYJ+9nOGxA/WjEawqg", battery},
		{"mkpasswd -m sha512crypt -R 1000 -S saltsalt", foreign.SHACrypt, "$6$rounds=1000$saltsalt$cR7uED9S9icrxa11Lj7F5D.7U8449gpqBXyD2HSpuHRpxCc17kJRpsJMsHp434Y8yykgmcefOmxgCH44Cw7tW/", battery},
		{"mkpasswd -m sha256crypt -S saltsalt", foreign.SHACrypt, "$5$saltsalt$lJBntEo62mus/ovk43htFvkabtoMEkzjosQqenAm4h8", battery},
		{"passlib.hash.sha256_crypt.using(rounds=5000)", foreign.SHACrypt, "$5$abcdefgh$sYjQ4vynYsNAnM.JMipLH1IMXSipuA8cURgfc3GsHo.", battery},
		{"passlib.hash.sha512_crypt.using(rounds=2000)", foreign.SHACrypt, "$6$rounds=2000$abcdefgh$1Y/Kn40gG5PbMdr/sj05.BEUjhbgVnWJanFu7oSyJZhnCGtjS2L76CyRMuXrxa5JGAXe0DiYy4A9MQ.wOZ2l//", battery},
		{"passlib.hash.sha512_crypt.using(rounds=5000)", foreign.SHACrypt, "$6$abcdefgh$zfS8bn/pWfgTjQBjW54PkoPNAZa42KMjHKb0xXGM0Gqyf2/1PBA5OO7Yusb8jswfRE2Kmym56CBZGuAqkx3wp.", "é"},
		{"the README of github.com/firebase/scrypt", foreign.Firebase, `{"hash":"lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==","salt":"42xEC+ixf3L2lw=="}`, "user1password"},
	}
}

func (v vector) parsed(t *testing.T) foreign.Hash {
	t.Helper()
	h, err := foreign.Parse(v.format, v.hash, firebaseKeys)
	if err != nil {
		t.Fatalf("%s, %s: %v", v.format, v.made, err)
	}
	return h
}

func TestHashesOfOtherProgramsVerify(t *testing.T) {
	t.Parallel()
	seen := map[foreign.Format]bool{}
	for _, v := range vectors() {
		seen[v.format] = true
		given := v.parsed(t)
		kept, err := foreign.Read(given.String())
		if err != nil {
			t.Errorf("%s, %s: stored as %s, which is read as: %v", v.format, v.made, given, err)
			continue
		}
		for _, h := range []foreign.Hash{given, kept} {
			if !h.Matches(v.password) {
				t.Errorf("%s, %s: the right password is refused", v.format, v.made)
			}
			for _, wrong := range []string{"", v.password[:len(v.password)/2], v.password + "\x00", v.password + "\x00" + v.password} {
				if h.Matches(wrong) {
					t.Errorf("%s, %s: %q matches", v.format, v.made, wrong)
				}
			}
		}
		if kept.String() != given.String() || strings.HasPrefix(given.String(), "$") {
			t.Errorf("%s: stored as %s, then as %s", v.format, given, kept)
		}
	}
	for _, f := range foreign.Formats() {
		if !seen[f] {
			t.Errorf("no hash of the format %s is tried", f)
		}
	}
}

func TestFirebaseVector(t *testing.T) {
	t.Parallel()
	const text = `{"hash":"lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==","salt":"42xEC+ixf3L2lw=="`
	own := text + `,"signerKey":"` + firebaseKeys.SignerKey + `","saltSeparator":"Bw==","rounds":8,"memCost":14}`
	for name, given := range map[string]struct {
		text string
		keys foreign.FirebaseKeys
	}{"keys as options": {text + "}", firebaseKeys}, "keys in the line": {own, foreign.FirebaseKeys{}}} {
		h, err := foreign.Parse(foreign.Firebase, given.text, given.keys)
		if err != nil || !h.Matches("user1password") || h.Matches("user2password") {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantRefusal(t, "no keys", foreign.Firebase, text+"}", foreign.Malformed)
}

// bcrypt reads 72 bytes, so what a person typed beyond them never counted.
func TestBcryptReadsSeventyTwoBytes(t *testing.T) {
	t.Parallel()
	h, err := foreign.Parse(foreign.Bcrypt, "$2y$04$qX9HSU0GUDcY/VupWK2/s.SgHAet1AeuATaxO6Qjrr/RYGWYPLxDS", foreign.FirebaseKeys{})
	if err != nil {
		t.Fatal(err)
	}
	for length, want := range map[int]bool{71: false, 72: true, 73: true, 100: true, 1024: true, 1025: false} {
		if h.Matches(strings.Repeat("a", length)) != want {
			t.Errorf("%d letters: want %v", length, want)
		}
	}
}

func TestAccountWithoutPasswordMatchesNothing(t *testing.T) {
	t.Parallel()
	h, err := foreign.Read(foreign.Hash{}.String())
	if err != nil || !h.IsNone() {
		t.Fatal(err)
	}
	for _, password := range []string{"", "none", h.String()} {
		if h.Matches(password) {
			t.Errorf("%q matches", password)
		}
	}
}
