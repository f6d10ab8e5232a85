package factor

import (
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	// The common library for TOTP: it computes codes.
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"auth.books.test/services/auth-api/internal/code"
)

const (
	// Period is how long a step is, and drift how many steps the clock of a phone may be ahead
	// or behind (RFC 6238, section 5.2).
	Period = 30 * time.Second
	drift  = 1
	// secretSize is that of a SHA-1 hash (RFC 4226, section 4, R6). Apps ignore other
	// algorithms and lengths of codes, or show wrong codes for them.
	secretSize = 20
	digits     = otp.DigitsSix
)

// newSecret draws a secret.
func newSecret(random io.Reader) ([]byte, error) {
	secret := make([]byte, secretSize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("make a secret: %w", err)
	}
	return secret, nil
}

// text is a secret as people type it into an app.
func text(secret []byte) string { return encoding().EncodeToString(secret) }

func encoding() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }

// uri is what a QR code has (Key URI Format). The library's own leaves & and + in a service's
// name as they are, which ends the name for apps.
func uri(secret []byte, service, account string) string {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	return "otpauth://totp/" + escape(service) + ":" + escape(account) + "?secret=" + text(secret) + "&issuer=" + escape(service) +
		fmt.Sprintf("&algorithm=SHA1&digits=%d&period=%.0f", digits.Length(), Period.Seconds())
}

// stepAt is the step of a time.
func stepAt(at time.Time) int64 { return at.Unix() / int64(Period.Seconds()) }

// codeAt is the code of a step.
func codeAt(secret []byte, step int64) (string, error) {
	computed, err := hotp.GenerateCodeCustom(text(secret), uint64(step), hotp.ValidateOpts{Digits: digits, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("compute a code: %w", err)
	}
	return computed, nil
}

// match returns the step whose code was typed; ok is false if it is none of those around now.
func match(secret []byte, typed string, now time.Time) (step int64, ok bool, err error) {
	typed = code.Plain(typed)
	for n := stepAt(now) - drift; n <= stepAt(now)+drift; n++ {
		right, err := codeAt(secret, n)
		if err != nil {
			return 0, false, err
		}
		// All are compared, so that the time says nothing.
		if subtle.ConstantTimeCompare([]byte(right), []byte(typed)) == 1 {
			step, ok = n, true
		}
	}
	return step, ok, nil
}

// isTOTP says whether what was typed has the form of a code of an app.
func isTOTP(plain string) bool {
	return len(plain) == digits.Length() && strings.Trim(plain, "0123456789") == ""
}
