package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The kinds of settings keep what is wrong with them instead of failing:
// envconfig would stop at the first, and a person would mend them one by one.

// problem is what is wrong with a value.
type problem struct{ text string }

type duration struct {
	time.Duration
	problem
}

func (d *duration) Decode(s string) error {
	parsed, err := time.ParseDuration(s)
	if err != nil || parsed < 0 {
		d.text = "write a duration such as 500ms, 20s or 12h"
	}
	d.Duration = parsed
	return nil
}

func (d duration) String() string { return d.Duration.String() }

type number struct {
	Value int
	problem
}

func (n *number) Decode(s string) error {
	parsed, err := strconv.Atoi(s)
	if err != nil || parsed < 0 || parsed > 1<<30 {
		n.text = "write a whole number, 0 or more"
		return nil
	}
	n.Value = parsed
	return nil
}

func (n number) String() string { return strconv.Itoa(n.Value) }

type port struct{ number }

func (p *port) Decode(s string) error {
	if strings.HasPrefix(s, "tcp://") {
		p.text = "this is what Kubernetes sets for a Service of that name: set the port yourself, or enableServiceLinks: false on the Pod"
		return nil
	}
	parsed, err := strconv.ParseUint(s, 10, 16)
	if err != nil || parsed == 0 {
		p.text = "write a port, 1 to 65535"
	}
	p.Value = int(parsed)
	return nil
}

type toggle struct {
	On bool
	problem
}

func (t *toggle) Decode(s string) error {
	var err error
	if t.On, err = strconv.ParseBool(s); err != nil {
		t.text = "write true or false"
	}
	return nil
}

func (t toggle) String() string { return strconv.FormatBool(t.On) }

type level struct {
	slog.Level
	problem
}

func (l *level) Decode(s string) error {
	if l.Level.UnmarshalText([]byte(s)) != nil {
		l.text = "write debug, info, warn or error"
	}
	return nil
}

// isOrigin says whether s is scheme, host and port of a web address, and no more.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Scheme+"://"+u.Host == s && !strings.Contains(s, "*")
}

type origin struct {
	URL string
	problem
}

func (o *origin) Decode(s string) error {
	if s != "" && !isOrigin(s) {
		o.text = "write a URL without a path, such as https://auth.books.test"
		return nil
	}
	o.URL = s
	return nil
}

func (o origin) String() string { return o.URL }

type origins struct {
	List []string
	problem
}

func (o *origins) Decode(s string) error {
	for _, origin := range split(s) {
		if !isOrigin(origin) {
			o.text = fmt.Sprintf("%q is not an origin: write each in full, such as https://books.test; there is no wildcard", origin)
			return nil
		}
		o.List = append(o.List, origin)
	}
	return nil
}

func (o origins) String() string { return strings.Join(o.List, ",") }

type networks struct {
	List []netip.Prefix
	problem
}

func (n *networks) Decode(s string) error {
	for _, text := range split(s) {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			n.text = fmt.Sprintf("%q is not a network: write it as 10.0.0.0/8", text)
			return nil
		}
		n.List = append(n.List, network.Masked())
	}
	return nil
}

func (n networks) String() string {
	texts := make([]string, len(n.List))
	for i, network := range n.List {
		texts[i] = network.String()
	}
	return strings.Join(texts, ",")
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// wrong says what is wrong with a value.
func (p problem) wrong() string { return p.text }
