package config_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/setting"
	"auth.books.test/services/auth-api/internal/config"
)

// variables are the names of the settings that keep accepts, as the code says.
func variables(keep func(reflect.StructField) bool) (names []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		if keep(f) {
			names = append(names, f.Tag.Get("envconfig"))
		}
	}
	return names
}

func isSecret(f reflect.StructField) bool { return f.Type == reflect.TypeFor[setting.Secret]() }

// A setting whose name says that it is a secret has the type of secrets. This test finds a
// new one that has not.
func TestEverySecretSettingHasTheSecretType(t *testing.T) {
	secrets := variables(isSecret)
	for _, name := range variables(func(reflect.StructField) bool { return true }) {
		named := strings.HasSuffix(name, "_URL") || strings.HasSuffix(name, "_PASSWORD") || strings.HasSuffix(name, "_KEY") || strings.HasSuffix(name, "_PEPPER") || strings.Contains(name, "SECRET")
		if named != slices.Contains(secrets, name) {
			t.Errorf("%s: named like a secret: %v, held as one: %v", name, named, !named)
		}
	}
	if len(secrets) != 9 {
		t.Errorf("%d secrets: %v; the tests below give values to 9", len(secrets), secrets)
	}
}

const marker = "aHVzaGh1c2hodXNoaHVzaGh1c2hodXNoaHVzaGh1c2g=" // base64 of "hushhush…"

// signingKey is a private key, of which the first letters are shown here alone.
func signingKey(t *testing.T) string {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// secrets are valid values of all secret settings, each with the marker, but for the signing
// key, which has to be one.
func secrets(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"AUTH_API_SIGNING_KEY": "i1:" + signingKey(t),
		"AUTH_DB_URL":          "postgres://auth:" + marker[:40] + "@host/auth", "AUTH_DB_PASSWORD": marker,
		"SESSION_DB_URL": "redis://:" + marker[:40] + "@host", "SESSION_DB_PASSWORD": marker,
		"AUTH_API_SMTP_URL":    "smtps://auth:" + marker[:40] + "@host",
		"SESSION_DB_TOKEN_KEY": "k1:" + marker, "AUTH_API_SERVICE_KEY": "s1:" + marker[:40] + "aHVzaA==", "PASSWORD_PEPPER": "p1:" + marker,
	}
}

func TestNoSecretIsShownInAnyWay(t *testing.T) {
	given := secrets(t)
	for _, name := range variables(isSecret) {
		if given[name] == "" {
			t.Fatalf("%s has no value here", name)
		}
	}
	maps.Copy(given, besideMail())
	set(t, given)
	c, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{"String": c.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		shown[verb] = fmt.Sprintf(verb, c) + fmt.Sprintf(verb, &c) + fmt.Sprintf(verb, c.TokenKey) + fmt.Sprintf(verb, struct{ C config.Config }{c})
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown["JSON"] = string(encoded)
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"slog text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) }, "slog JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		var log bytes.Buffer
		slog.New(handler(&log)).Info("x", "config", c, "pointer", &c, "secret", c.Pepper, "nested", struct{ C config.Config }{c})
		shown[name] = log.String()
	}
	for how, text := range shown {
		if strings.Contains(text, marker[:12]) || strings.Contains(text, "hush") || strings.Contains(text, given["AUTH_API_SIGNING_KEY"][40:60]) {
			t.Errorf("%s shows a secret: %s", how, text)
		}
	}
	for _, name := range variables(isSecret) {
		if !strings.Contains(c.String(), name+"=********\n") {
			t.Errorf("%s is not shown as set:\n%s", name, c)
		}
	}
	set(t, nil)
	if c, err = config.Load(); err != nil || !strings.Contains(c.String(), "PASSWORD_PEPPER=\n") {
		t.Errorf("%v: what is not set is shown as set:\n%s", err, c)
	}
}

func TestNoFaultShowsASecret(t *testing.T) {
	for variable, value := range map[string]string{
		"AUTH_DB_URL":          "postgres://auth:" + marker[:40] + "@host:port/auth",
		"SESSION_DB_URL":       "redis://:" + marker[:40] + "@host:port",
		"AUTH_API_SMTP_URL":    "smtps://auth:" + marker[:40] + "@host:port",
		"SESSION_DB_TOKEN_KEY": "k1:" + marker[:12], "AUTH_API_SERVICE_KEY": "s1:" + marker[:12], "PASSWORD_PEPPER": "p1:" + marker[:12],
		"AUTH_API_SIGNING_KEY": "i1:" + marker,
	} {
		for _, value := range []string{value, marker, "postgres://" + marker[:40] + " " + marker, marker + ":k1"} {
			t.Run(variable+" of "+value, func(t *testing.T) {
				set(t, map[string]string{variable: value})
				_, err := config.Load()
				if err == nil || !strings.Contains(err.Error(), variable+": ") || strings.Contains(err.Error(), marker[:12]) || strings.Contains(err.Error(), "hush") {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// besideMail are the settings without which there can be no AUTH_API_SMTP_URL.
func besideMail() map[string]string {
	return map[string]string{"AUTH_API_ISSUER": "https://auth.books.test", "AUTH_API_MAIL_FROM": "auth@books.test"}
}

// with are the settings besides those of besideMail.
func with(changes map[string]string) map[string]string {
	all := besideMail()
	maps.Copy(all, changes)
	return all
}

// Kubernetes and Compose provide secrets as files, so every secret can be read from one.
func TestEverySecretCanBeAFile(t *testing.T) {
	all := setting.Names(&config.Config{})
	for variable, value := range secrets(t) {
		t.Run(variable, func(t *testing.T) {
			if !slices.Contains(all, variable+"_FILE") {
				t.Fatalf("there is no %s_FILE", variable)
			}
			file := filepath.Join(t.TempDir(), "secret")
			set(t, with(map[string]string{variable: "", variable + "_FILE": file}))
			missing := func(says string) {
				t.Helper()
				if _, err := config.Load(); err == nil || !strings.Contains(err.Error(), variable+"_FILE: the file that it names") || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hush") {
					t.Errorf("%v, want %s_FILE: … %s", err, variable, says)
				}
			}
			missing("no such file")
			for _, empty := range []string{"", "\n", "\r\n\r\n"} {
				write(t, file, empty)
				missing("is empty")
			}
			for _, ending := range []string{"", "\n", "\r\n"} {
				write(t, file, value+ending)
				c, err := config.Load()
				if err != nil {
					t.Fatalf("ending in %q: %v", ending, err)
				}
				if got := reveal(t, c, variable); got != value {
					t.Errorf("ending in %q: %q, want %q", ending, got, value)
				}
			}
			set(t, with(map[string]string{variable: value, variable + "_FILE": file}))
			_, err := config.Load()
			if err == nil || !strings.Contains(err.Error(), variable+": it is set, and so is "+variable+"_FILE") || strings.Contains(err.Error(), marker[:12]) {
				t.Errorf("both: %v", err)
			}
			set(t, with(map[string]string{variable: "", variable + "_FILE": t.TempDir()}))
			missing("is a directory")
		})
	}
}

// A password may begin and end with blanks: only the line ending is removed.
func TestFileKeepsSpacesOfASecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	write(t, file, "  two words\tand a tab \n")
	set(t, map[string]string{"AUTH_DB_PASSWORD": "", "AUTH_DB_PASSWORD_FILE": file})
	if c, err := config.Load(); err != nil || c.AuthDBPassword.Reveal() != "  two words\tand a tab " {
		t.Errorf("%q, %v", c.AuthDBPassword.Reveal(), err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// reveal gives the value of the secret that the variable names.
func reveal(t *testing.T, c config.Config, variable string) string {
	t.Helper()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		if f.Tag.Get("envconfig") == variable {
			return reflect.ValueOf(c).FieldByIndex(f.Index).Interface().(setting.Secret).Reveal()
		}
	}
	t.Fatalf("no setting is called %s", variable)
	return ""
}
