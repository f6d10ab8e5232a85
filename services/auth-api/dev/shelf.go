package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	// The Go project's own client of OAuth: the sample shows what an app has to do.
	"golang.org/x/oauth2"

	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/direct"
)

const (
	shelfName     = "Reading List"
	shelfCallback = "/callback"
	shelfCookie   = "reading_list"
	// shelfTimeout bounds its calls of auth-api and of its API.
	shelfTimeout = 5 * time.Second
)

// shelf is a sample app: it signs people in by code and PKCE, and shows what the API books
// says of them. The page asks the API again every two seconds, so one can see it lose the
// person the moment that the app or the session is ended elsewhere. The API is on the same
// listener, and knows nothing of the app.
type shelf struct {
	url     string
	account string // where one ends apps and sessions
	oauth   oauth2.Config
	client  *http.Client
	stop    func()

	mu sync.Mutex // guards visits
	// visits are by the value of the cookie.
	visits map[string]visit
}

// visit is what the app knows of one browser.
type visit struct {
	state, verifier string
	token           *oauth2.Token
}

// startShelf serves the sample app on a free port, with a verifier of its own, as another
// service would.
func startShelf(c config.Config, clientID string) (s *shelf, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the sample app: %w", err)
	}
	v, err := direct.Connect(c.RedisURL(), c.TokenRing(), direct.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the sample app: %w", err), l.Close())
	}
	s = newShelf(l, c.Issuer.URL, clientID)
	server := &http.Server{Handler: s.handler(v), ReadHeaderTimeout: shelfTimeout}
	go func() { _ = server.Serve(l) }() // until it is closed
	s.stop = func() { _ = errors.Join(server.Close(), v.Close()) }
	return s, nil
}

// newShelf makes the app for the listener.
func newShelf(l net.Listener, issuer, clientID string) *shelf {
	s := &shelf{url: "http://" + l.Addr().String(), account: issuer + "/account", client: &http.Client{Timeout: shelfTimeout}, visits: map[string]visit{}}
	s.oauth = oauth2.Config{
		ClientID: clientID, RedirectURL: s.url + shelfCallback, Scopes: []string{"openid", "profile", "books:read"},
		Endpoint: oauth2.Endpoint{AuthURL: issuer + "/oauth/authorize", TokenURL: issuer + "/oauth/token", AuthStyle: oauth2.AuthStyleInParams},
	}
	return s
}

// handler serves the app, and the API that it calls.
func (s *shelf) handler(v verify.Verifier) http.Handler {
	guard := bearer.New(bearer.Options{Verifier: v, Audience: sampleAudience})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.HandleFunc("GET "+shelfCallback, s.callback)
	mux.Handle("GET /api/shelf", guard.Require("books:read")(http.HandlerFunc(shelfOf)))
	return mux
}

// shelfOf is the API: it needs a live token for books, and keeps no session of its own.
func shelfOf(w http.ResponseWriter, r *http.Request) {
	who, _ := bearer.FromContext(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]any{"reader": who.Email, "client": who.Client, "scopes": who.Scopes})
}

func (s *shelf) home(w http.ResponseWriter, r *http.Request) {
	_, v := s.visitOf(r)
	token := v.token
	if token == nil {
		page(w, 0, `<form method="post" action="/sign-in"><button>Sign in with auth-api</button></form>`)
		return
	}
	reader, err := s.ask(r.Context(), token)
	if err != nil {
		page(w, 0, `<p><strong>Signed out.</strong> The API books answers: `+html.EscapeString(err.Error())+`</p><form method="post" action="/sign-in"><button>Sign in again</button></form>`)
		return
	}
	page(w, 2, `<p>The API books says that you are <strong>`+html.EscapeString(reader)+`</strong>. It is asked again every two seconds.</p>
<p><a href="`+html.EscapeString(s.account)+`" target="_blank">Open your account in another tab</a>, end this app there, and look here.</p>`)
}

// ask calls the API with the access token of the visit.
func (s *shelf) ask(ctx context.Context, token *oauth2.Token) (reader string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/shelf", nil)
	if err != nil {
		return "", err
	}
	token.SetAuthHeader(request)
	response, err := s.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", errors.New(response.Status + " " + response.Header.Get("WWW-Authenticate"))
	}
	var shelf struct {
		Reader string `json:"reader"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&shelf)
	return shelf.Reader, err
}

// signIn sends the browser to auth-api, with a state and a challenge of its own.
func (s *shelf) signIn(w http.ResponseWriter, r *http.Request) {
	v := visit{state: rand.Text(), verifier: oauth2.GenerateVerifier()}
	id := rand.Text()
	s.mu.Lock()
	s.visits[id] = v
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: shelfCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, s.oauth.AuthCodeURL(v.state, oauth2.S256ChallengeOption(v.verifier)), http.StatusSeeOther)
}

// callback exchanges the code, if the answer is to a question of this browser.
func (s *shelf) callback(w http.ResponseWriter, r *http.Request) {
	id, v := s.visitOf(r)
	switch query := r.URL.Query(); {
	case v.state == "" || query.Get("state") != v.state:
		http.Error(w, "This answer is not to a question of this browser. Go back to "+s.url, http.StatusBadRequest)
	case query.Get("code") == "":
		page(w, 0, `<p>You did not let the app in: `+html.EscapeString(query.Get("error"))+`.</p><form method="post" action="/sign-in"><button>Sign in</button></form>`)
	default:
		token, err := s.oauth.Exchange(context.WithValue(r.Context(), oauth2.HTTPClient, s.client), query.Get("code"), oauth2.VerifierOption(v.verifier))
		if err != nil {
			http.Error(w, "auth-api gave no tokens for the code. Go back to "+s.url, http.StatusBadGateway)
			return
		}
		s.mu.Lock()
		s.visits[id] = visit{token: token}
		s.mu.Unlock()
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// visitOf is what the app knows of the browser, and under which id.
func (s *shelf) visitOf(r *http.Request) (id string, v visit) {
	c, err := r.Cookie(shelfCookie)
	if err != nil {
		return "", visit{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.Value, s.visits[c.Value]
}

// page writes a page that loads itself again, if seconds are given.
func page(w http.ResponseWriter, seconds int, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self' http://127.0.0.1:* http://localhost:* http://[::1]:*; frame-ancestors 'none'")
	refresh := ""
	if seconds > 0 {
		refresh = fmt.Sprintf(`<meta http-equiv="refresh" content="%d">`, seconds)
	}
	fmt.Fprintf(w, `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%[1]s</title>%[2]s</head><body><h1>%[1]s</h1>%[3]s</body></html>`,
		shelfName, refresh, body)
}

// redirectOf is the redirect URI of the sample, whatever port it gets.
func redirectOf() string {
	return (&url.URL{Scheme: "http", Host: "127.0.0.1", Path: shelfCallback}).String()
}
