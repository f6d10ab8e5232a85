package clients_test

import (
	"encoding/base64"
	"errors"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

// probe is a request that both sides get, good or bad. What stands in braces is each side's own.
type probe struct {
	name string
	// request is method, path and query.
	request string
	// basic are credentials for HTTP Basic: id, colon, secret.
	basic string
	// header are more headers, a line each. Without a Content-Type, what has a body is a form.
	header []string
	body   string
	// stranger sends a link to a browser in which nobody has signed in, and goes no further.
	stranger bool
	// differs is what is known to differ. Whatever else does is a fault.
	differs []difference
}

// The parts of an answer that are compared.
const (
	// status is that of the answer; where a browser is led, it says where that ends.
	status = "status"
	// code is the error's name (RFC 6749, sections 4.1.2.1 and 5.2; RFC 6750, section 3.1).
	code = "error"
	// asked is the scheme of WWW-Authenticate, with the error in it.
	asked = "WWW-Authenticate"
	// media is the media type.
	media = "Content-Type"
	// stored says whether caches are kept from storing the answer.
	stored = "Cache-Control"
	// members are the names in a good answer in JSON, and of the parameters for an app.
	members = "members"
)

// outcome is what a side answers, by part. A part that is not there is "".
type outcome map[string]string

// try sends a probe, and returns what came of it.
func (s *side) try(p probe) outcome {
	s.t.Helper()
	method, target, _ := strings.Cut(p.request, " ")
	if method == http.MethodGet && strings.HasPrefix(target, "/oauth/authorize") && !p.stranger {
		return s.lead(target)
	}
	got := s.send(p)
	if p.stranger {
		return s.sent(got)
	}
	o := outcome{status: strconv.Itoa(got.Status), code: got.Text("error"), asked: challengeIn(got.Header), stored: "allowed"}
	if strings.Contains(got.Header.Get("Cache-Control"), "no-store") {
		o[stored] = "no-store"
	}
	// A media type says something only of a body.
	if got.Raw != "" {
		o[media], _, _ = mime.ParseMediaType(got.Header.Get("Content-Type"))
	}
	if got.Status < http.StatusMultipleChoices {
		o[members] = namesIn(got.Body)
	}
	return o
}

// send sends a probe, until the server is not too busy for it.
func (s *side) send(p probe) (got servicetest.Answer) {
	s.t.Helper()
	p.request, p.basic, p.body, p.header = s.fill(p.request), s.fill(p.basic), s.fill(p.body), slices.Clone(p.header)
	for n, line := range p.header {
		p.header[n] = s.fill(line)
	}
	devtest.Eventually(s.t, "the server answers "+p.name, func() bool {
		got = servicetest.Send(s.t, s.http, s.asRequest(p))
		return got.Status != http.StatusServiceUnavailable
	})
	return got
}

// asRequest makes the request of a probe without placeholders.
func (s *side) asRequest(p probe) *http.Request {
	s.t.Helper()
	method, target, _ := strings.Cut(p.request, " ")
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+target, strings.NewReader(p.body))
	if err != nil {
		s.t.Fatal(err)
	}
	if p.body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if p.basic != "" {
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(p.basic)))
	}
	for n, line := range p.header {
		name, value, _ := strings.Cut(line, ": ")
		if n == 0 || !strings.HasPrefix(p.header[n-1], name+": ") {
			r.Header.Del(name)
		}
		if value != "" {
			r.Header.Add(name, value)
		}
	}
	return r
}

// lead sends the person's browser to the authorization endpoint.
func (s *side) lead(target string) outcome {
	s.t.Helper()
	left, err := s.person.Walk(s.url+s.fill(target), servicetest.Allow)
	var page *servicetest.Stopped
	if errors.As(err, &page) {
		kind, _, _ := mime.ParseMediaType(page.Header.Get("Content-Type"))
		return outcome{status: "a page, " + strconv.Itoa(page.Status), media: kind}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return s.told(left)
}

// sent is where the authorization endpoint sends a browser at once.
func (s *side) sent(got servicetest.Answer) outcome {
	s.t.Helper()
	to, err := url.Parse(got.Header.Get("Location"))
	if err != nil {
		s.t.Fatal(err)
	}
	if to.Host != "" && to.Scheme+"://"+to.Host != s.url {
		return s.told(to)
	}
	if to.Path != "" {
		return outcome{status: "at a page of the server"}
	}
	return outcome{status: "a page, " + strconv.Itoa(got.Status)}
}

// told is what the app is told.
func (s *side) told(at *url.URL) outcome {
	s.t.Helper()
	query, where := at.Query(), "at the app"
	if at.Fragment != "" {
		var err error
		if query, err = url.ParseQuery(at.Fragment); err != nil {
			s.t.Fatal(err)
		}
		where = "at the app, in the fragment"
	}
	if at.Scheme+"://"+at.Host+at.Path != callback {
		where = "at " + at.Host
	}
	if issuer := query.Get("iss"); issuer != s.url {
		s.t.Errorf("iss is %q", issuer)
	}
	query.Del("error_description")
	return outcome{status: where, code: query.Get("error"), members: strings.Join(slices.Sorted(maps.Keys(query)), " ")}
}

var challengeError = regexp.MustCompile(`error="([^"]*)"`)

func challengeIn(header http.Header) string {
	text := header.Get("WWW-Authenticate")
	scheme, _, _ := strings.Cut(text, " ")
	if found := challengeError.FindStringSubmatch(text); found != nil {
		scheme += " " + found[1]
	}
	return scheme
}

// namesIn are the names in an object, but for scope: which scopes there are is the business of
// each side, and whether they are said depends on that (RFC 6749, section 5.1).
func namesIn(body map[string]any) string {
	body = maps.Clone(body)
	delete(body, "scope")
	return strings.Join(slices.Sorted(maps.Keys(body)), " ")
}
