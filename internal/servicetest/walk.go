package servicetest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// maxPages is how many pages a Person goes through at most.
const maxPages = 12

// Consent is what a Person says if they are asked whether an app is let in.
type Consent string

// The closed set of answers, by the button that is pressed.
const (
	Allow Consent = "allow"
	Deny  Consent = "deny"
)

// Stopped is where a browser is shown a page on which there is nothing to fill in.
type Stopped struct {
	// Way are the requests that led there.
	Way    []string
	Status int
	Header http.Header
	Body   string
}

func (s *Stopped) Error() string {
	return fmt.Sprintf("the browser stands still after %v: %d %s", s.Way, s.Status, s.Body)
}

// Walk opens a page, signs in and gives an answer to whatever is asked, and returns the URL
// with which the browser leaves the service. Error: *Stopped, if it does not leave. Other
// goroutines than the test's may call it.
func (p *Person) Walk(address string, answer Consent) (*url.URL, error) {
	method, form := http.MethodGet, url.Values(nil)
	var way []string
	for range maxPages {
		u, err := p.issuer.Parse(address)
		if err != nil {
			return nil, fmt.Errorf("follow a link of the service: %w", err)
		}
		if u.Host != p.issuer.Host {
			return u, nil
		}
		way = append(way, method+" "+u.Path)
		shown, err := p.send(u, method, form)
		if err != nil {
			return nil, err
		}
		shown.Way = way
		if address, method, form, err = p.next(u, shown, answer); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the browser goes in circles: %v", way)
}

// send sends one request.
func (p *Person) send(u *url.URL, method string, form url.Values) (*Stopped, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("make a request of a browser: %w", err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", p.issuer.Scheme+"://"+p.issuer.Host)
	}
	response, err := p.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("send a request of a browser: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read a page: %w", err)
	}
	return &Stopped{Status: response.StatusCode, Header: response.Header, Body: string(body)}, nil
}

// next is what the browser does next with what it is shown. Error: the page itself, if there
// is nothing to do.
func (p *Person) next(u *url.URL, shown *Stopped, answer Consent) (next, method string, form url.Values, err error) {
	if shown.Status == http.StatusSeeOther || shown.Status == http.StatusFound {
		to, err := u.Parse(shown.Header.Get("Location"))
		if err != nil {
			return "", "", nil, fmt.Errorf("follow a redirect: %w", err)
		}
		return to.String(), http.MethodGet, nil, nil
	}
	if shown.Status != http.StatusOK {
		return "", "", nil, shown
	}
	page, err := html.Parse(strings.NewReader(shown.Body))
	if err != nil {
		return "", "", nil, fmt.Errorf("read a page: %w", err)
	}
	if refresh := find(page, "meta", "http-equiv", "refresh"); refresh != nil {
		_, to, _ := strings.Cut(attribute(refresh, "content"), "url=")
		return to, http.MethodGet, nil, nil
	}
	asked := find(page, "form", "method", "post")
	if asked == nil {
		return "", "", nil, shown
	}
	to, err := u.Parse(attribute(asked, "action"))
	if err != nil {
		return "", "", nil, fmt.Errorf("read where a form goes: %w", err)
	}
	return to.String(), http.MethodPost, p.fill(asked, answer), nil
}

// fill fills in a form, and presses its last button, or the one with the answer.
func (p *Person) fill(form *html.Node, answer Consent) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name, value := attribute(n, "name"), attribute(n, "value")
		switch {
		case n.Type != html.ElementNode || name == "":
		case n.Data == "button":
			if values.Get(name) != string(answer) {
				values.Set(name, value)
			}
		case name == "email" || name == "login": // oidc-provider calls it login.
			values.Set(name, p.email)
		case name == "password":
			values.Set(name, p.password)
		case n.Data == "input":
			values.Set(name, value)
		}
	}
	return values
}

// find returns the first element with the attribute.
func find(page *html.Node, element, name, value string) *html.Node {
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == element && strings.EqualFold(attribute(n, name), value) {
			return n
		}
	}
	return nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
