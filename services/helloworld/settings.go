package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	// Settings from the environment by struct tags; auth-api uses it too.
	"github.com/kelseyhightower/envconfig"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// settings are all that can be set. A secret can also be given as a file, whose
// name is in the variable with _FILE after it.
type settings struct {
	Addr            string        `envconfig:"HELLOWORLD_ADDR" default:"127.0.0.1:8080"`
	ShutdownDelay   time.Duration `envconfig:"HELLOWORLD_SHUTDOWN_DELAY" default:"5s"`
	ShutdownTimeout time.Duration `envconfig:"HELLOWORLD_SHUTDOWN_TIMEOUT" default:"20s"`

	AuthAPI      string `envconfig:"AUTH_API_URL"`
	ClientID     string `envconfig:"AUTH_API_CLIENT_ID"`
	ClientSecret secret `envconfig:"AUTH_API_CLIENT_SECRET"`

	URL      secret `envconfig:"SESSION_DB_URL"`
	Host     string `envconfig:"SESSION_DB_HOST"`
	Port     uint16 `envconfig:"SESSION_DB_PORT" default:"6379"`
	User     string `envconfig:"SESSION_DB_USER"`
	Password secret `envconfig:"SESSION_DB_PASSWORD"`
	// Master is what Sentinel calls it; Host, with commas, and Port are then the
	// sentinels'.
	Master   string `envconfig:"SESSION_DB_SENTINEL_MASTER"`
	TokenKey secret `envconfig:"SESSION_DB_TOKEN_KEY"`

	ring *token.KeyRing
}

// load reads the environment. Its error has a line for each fault, without
// secrets.
func load() (s settings, err error) {
	if err := envconfig.Process("", &s); err != nil {
		return settings{}, err
	}
	faults := []error{
		s.URL.orFile("SESSION_DB_URL"), s.Password.orFile("SESSION_DB_PASSWORD"), s.TokenKey.orFile("SESSION_DB_TOKEN_KEY"),
		s.ClientSecret.orFile("AUTH_API_CLIENT_SECRET"),
	}
	fault := func(variable string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", variable, err))
		}
	}
	if s.AuthAPI != "" {
		if s.URL.value != "" || s.Host != "" {
			fault("AUTH_API_URL", errors.New("it is set, and so is SESSION_DB_URL or SESSION_DB_HOST: set one of them"))
		}
		_, err := verify.NewRemote(s.remote())
		fault("AUTH_API_URL, AUTH_API_CLIENT_ID, AUTH_API_CLIENT_SECRET", err)
		return s, errors.Join(faults...)
	}
	if s.URL.value == "" && s.Host == "" {
		fault("SESSION_DB_HOST", errors.New("it is needed, or SESSION_DB_URL, or AUTH_API_URL"))
	} else {
		fault("SESSION_DB_URL", verify.CheckURL(s.redisURL()))
	}
	if s.TokenKey.value == "" {
		fault("SESSION_DB_TOKEN_KEY", errors.New("it is needed: the key ring of auth-api"))
	} else {
		s.ring, err = token.ParseKeyRing(s.TokenKey.value)
		fault("SESSION_DB_TOKEN_KEY", err)
	}
	return s, errors.Join(faults...)
}

// redisURL is SESSION_DB_URL, or what its parts say.
func (s settings) redisURL() string {
	if s.URL.value != "" {
		return s.URL.value
	}
	u := url.URL{Scheme: "redis", Host: net.JoinHostPort(s.Host, fmt.Sprint(s.Port)), Path: "/0"}
	if s.Master != "" {
		var sentinels []string
		for host := range strings.SplitSeq(s.Host, ",") {
			sentinels = append(sentinels, net.JoinHostPort(strings.TrimSpace(host), fmt.Sprint(s.Port)))
		}
		u.Scheme, u.Host, u.Path = "redis+sentinel", strings.Join(sentinels, ","), "/"+s.Master
	}
	if s.Password.value != "" {
		u.User = url.UserPassword(s.User, s.Password.value)
	}
	return u.String()
}

// remote is whom to ask where AUTH_API_URL is set.
func (s settings) remote() verify.RemoteOptions {
	return verify.RemoteOptions{URL: s.AuthAPI, ClientID: s.ClientID, ClientSecret: s.ClientSecret.value}
}

// String prints each setting as NAME=value, with secrets masked.
func (s settings) String() string {
	var out strings.Builder
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if name, set := v.Type().Field(i).Tag.Lookup("envconfig"); set {
			fmt.Fprintf(&out, "%s=%v\n", name, v.Field(i).Interface())
		}
	}
	return out.String()
}

// secret is a setting that is never printed.
type secret struct{ value string }

// Decode takes the value.
func (s *secret) Decode(value string) error {
	s.value = value
	return nil
}

// String hides the value.
func (s secret) String() string {
	if s.value == "" {
		return ""
	}
	return "********"
}

// orFile takes the value from the file that the variable with _FILE names.
func (s *secret) orFile(variable string) error {
	file := os.Getenv(variable + "_FILE")
	switch {
	case file == "":
		return nil
	case s.value != "":
		return fmt.Errorf("%s: it is set, and so is %s_FILE: set one of them", variable, variable)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("%s_FILE: %w", variable, err)
	}
	s.value = strings.TrimRight(string(b), "\r\n")
	return nil
}
