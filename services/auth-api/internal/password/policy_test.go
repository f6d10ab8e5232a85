package password_test

import (
	"errors"
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/password"
)

func TestPolicyDecides(t *testing.T) {
	t.Parallel()
	policy := password.NewPolicy("auth.books.test")
	for _, c := range []struct{ name, password, email, reason string }{
		{"a passphrase", "violet teapot marches north", "ann@example.org", ""},
		{"a passphrase of listed words", "dragon monkey welcome sunshine", "ann@example.org", ""},
		{"what a password manager makes", "x7#Qp!mZ2vR9&kLw", "ann@example.org", ""},
		{"digits only, if random", "839206174552981", "ann@example.org", ""},
		{"spaces at the ends", " violet teapot marches ", "ann@example.org", ""},
		{"fifteen code points", "zwölf Öfen glüh", "ann@example.org", ""},
		{"fifteen of another script", "фиалковыйчайник", "ann@example.org", ""},
		{"an emoji counts as a code point", "teapot marches🫖", "ann@example.org", ""},
		{"exactly 256 bytes", noise(256), "ann@example.org", ""},
		{"a passphrase that names the service", "my books stand on the third shelf", "ann@example.org", ""},
		{"a passphrase that names the person", "annabel likes violet teapots", "annabel@example.org", ""},
		{"a short local part is no context", "ann paints violet teapots", "ann@example.org", ""},
		{"a word with a piece of a keyboard row", "my property is condemned", "ann@example.org", ""},
		{"two words of which one is rare", "condemned property", "ann@example.org", ""},
		{"four words, however common", "liverpool football dragon monkey", "ann@example.org", ""},
		{"no e-mail", "violet teapot marches north", "", ""},

		{"empty", "", "ann@example.org", password.ReasonTooShort},
		{"fourteen code points", "violetteapotma", "ann@example.org", password.ReasonTooShort},
		{"fourteen code points of 28 bytes", "фиалковыйчайни", "ann@example.org", password.ReasonTooShort},
		{"fourteen once composed", "violetteapotme\u0301", "ann@example.org", password.ReasonTooShort},
		{"257 bytes", noise(257), "ann@example.org", password.ReasonTooLong},
		{"256 characters of more bytes", strings.Repeat("é", 129), "ann@example.org", password.ReasonTooLong},
		{"a megabyte", noise(1 << 20), "ann@example.org", password.ReasonTooLong},
		{"invalid UTF-8", "violet teapot marches \xff", "ann@example.org", password.ReasonNotText},
		{"a replaced character", "violet teapot marches \ufffd", "ann@example.org", password.ReasonNotText},
		{"a control character", "violet teapot\x00marches north", "ann@example.org", password.ReasonNotText},
		{"an unassigned code point", "violet teapot marches \u0378", "ann@example.org", password.ReasonNotText},

		{"a well-known phrase", "correcthorsebatterystaple", "ann@example.org", password.ReasonBlocklisted},
		{"a well-known phrase with spaces and capitals", "Correct Horse Battery Staple", "ann@example.org", password.ReasonBlocklisted},
		{"a well-known phrase with signs for letters", "C0rrectH0rseB@tterySt@ple!", "ann@example.org", password.ReasonBlocklisted},
		{"a well-known phrase with a year", "maytheforcebewithyou2024", "ann@example.org", password.ReasonBlocklisted},
		{"a well-known phrase twice", "opensesame-opensesame-", "ann@example.org", password.ReasonBlocklisted},
		{"full-width letters", "ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ", "ann@example.org", password.ReasonBlocklisted},
		{"a club", "liverpoolfootballclub", "ann@example.org", password.ReasonBlocklisted},
		{"a club with capitals and a year", "Manchester United 1999", "ann@example.org", password.ReasonBlocklisted},
		{"a phrase of faith", "jesuschristismylord", "ann@example.org", password.ReasonBlocklisted},
		{"another phrase of faith", "Jesus is my Savior 1", "ann@example.org", password.ReasonBlocklisted},
		{"a singer and a year", "michaeljackson1958", "ann@example.org", password.ReasonBlocklisted},
		{"a singer with signs for letters", "m1ch@el_j@ck$on_1958", "ann@example.org", password.ReasonBlocklisted},
		{"counting", "1234567891011121314", "ann@example.org", password.ReasonBlocklisted},
		{"counting from elsewhere", "7891011121314151617", "ann@example.org", password.ReasonBlocklisted},
		{"a wish", "happybirthday2you", "ann@example.org", password.ReasonBlocklisted},
		{"a hero", "dragon ball z goku", "ann@example.org", password.ReasonBlocklisted},
		{"a river", "mississippi river", "ann@example.org", password.ReasonBlocklisted},
		{"two words that many use", "superman-batman-2024", "ann@example.org", password.ReasonBlocklisted},
		{"three words that many use", "Dragon Monkey Shadow", "ann@example.org", password.ReasonBlocklisted},
		{"a long one that many use", "mailcreated5240", "ann@example.org", password.ReasonBlocklisted},
		{"a declaration of love", "iloveyoumichelle", "ann@example.org", password.ReasonBlocklisted},
		{"a word twice", "passwordpassword", "ann@example.org", password.ReasonBlocklisted},
		{"a word twice with digits", "passwordpassword2024!", "ann@example.org", password.ReasonBlocklisted},
		{"a word twice with signs", "P@55w0rd!P@55w0rd!", "ann@example.org", password.ReasonBlocklisted},
		{"a word with digits before and after", "1l0vey0u1l0vey0u", "ann@example.org", password.ReasonBlocklisted},
		{"a word twice, broken off", "iloveyou iloveyou ilove", "ann@example.org", password.ReasonBlocklisted},
		{"a padded word", "!!Password123456789", "ann@example.org", password.ReasonBlocklisted},
		{"a short thing many times", "x7qx7qx7qx7qx7qx7q", "ann@example.org", password.ReasonBlocklisted},
		{"one character", strings.Repeat("a", 40), "ann@example.org", password.ReasonBlocklisted},
		{"one character and another", "aaaaaaaaaaaaaaaaab", "ann@example.org", password.ReasonBlocklisted},
		{"the alphabet", "abcdefghijklmnopqrstuvwxyz", "ann@example.org", password.ReasonBlocklisted},
		{"the alphabet backwards", "zyxwvutsrqponmlkji", "ann@example.org", password.ReasonBlocklisted},
		{"digits in order", "123456789012345", "ann@example.org", password.ReasonBlocklisted},
		{"keyboard rows", "qwertyuiopasdfghjkl", "ann@example.org", password.ReasonBlocklisted},
		{"keyboard columns", "1qaz2wsx3edc4rfv", "ann@example.org", password.ReasonBlocklisted},
		{"keyboard columns with shift", "1QAZ2WSX3EDC4rfv", "ann@example.org", password.ReasonBlocklisted},
		{"a zigzag", "1q2w3e4r5t6y7u8i", "ann@example.org", password.ReasonBlocklisted},
		{"the digits' row with shift", "!@#$%^&*()_+!@#$", "ann@example.org", password.ReasonBlocklisted},
		{"a German keyboard", "qwertzuiopyxcvbnm", "ann@example.org", password.ReasonBlocklisted},
		{"sequences with little between", "abcdefgh-mine-12345678", "ann@example.org", password.ReasonBlocklisted},
		{"the service's name", "auth.books.test", "ann@example.org", password.ReasonBlocklisted},
		{"a part of the service's name", "BooksBooksBooks1!", "ann@example.org", password.ReasonBlocklisted},
		{"the service's name and a word", "books-test-password", "ann@example.org", password.ReasonBlocklisted},
		{"the local part of the address", "annabel.lee.annabel.lee", "annabel.lee@example.org", password.ReasonBlocklisted},
		{"the local part and a year", "AnnabelLee@1999!", "annabel.lee@example.org", password.ReasonBlocklisted},
		{"the local part and a sequence", "annabellee12345678", "annabel.lee+books@example.org", password.ReasonBlocklisted},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := policy.Check("new_password", c.password, c.email)
			if c.reason == "" {
				if err != nil {
					t.Fatalf("refused: %+v", err)
				}
				return
			}
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != fault.ValidationFailed || len(f.Fields) != 1 {
				t.Fatalf("got %v, want a fault of one field", err)
			}
			field := f.Fields[0]
			if field.Location != "new_password" || field.Reason != c.reason {
				t.Errorf("got %s at %s, want %s at body.new_password", field.Reason, field.Location, c.reason)
			}
			if said := err.Error() + f.Detail + field.Detail; field.Detail == "" || (c.password != "" && strings.Contains(said, c.password)) {
				t.Errorf("the detail is empty or tells the password: %q", said)
			}
		})
	}
}

// noise is text of n bytes without patterns that the policy minds.
func noise(n int) string {
	var b strings.Builder
	for x := uint32(7); b.Len() < n; {
		x = x*1664525 + 1013904223
		b.WriteByte("bdfhkmqsuvxz2579"[x>>28])
	}
	return b.String()
}

func BenchmarkPolicyCheck(b *testing.B) {
	policy := password.NewPolicy("auth.books.test")
	for _, c := range []struct{ name, password string }{{"passphrase", "violet teapot marches north"}, {"longest", noise(256)}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := policy.Check("password", c.password, "annabel.lee@example.org"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
