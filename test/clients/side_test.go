package clients_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"

	"auth.books.test/internal/servicetest"
)

// side is one of the two authorization servers that are compared. Both have the same clients
// and the same person.
type side struct {
	t      *testing.T
	url    string
	person *servicetest.Person
	http   *http.Client
	// constants are what both know: ids and secrets of clients, and the like.
	constants map[string]string
	app       registered
	signer    registered
	key       *ecdsa.PrivateKey
}

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// newSide is a side at a URL, in whose browser nobody has signed in yet.
func newSide(t *testing.T, at string, clients *cast) *side {
	t.Helper()
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &side{
		t: t, url: at, person: servicetest.NewPerson(t, at, email, password), http: &http.Client{Timeout: 30 * time.Second, CheckRedirect: refuse},
		app: clients.App, signer: clients.Signer, key: clients.key,
		constants: map[string]string{
			"app": clients.App.ID, "app's secret": clients.App.Secret, "other": clients.Other.ID, "other's secret": clients.Other.Secret, "public": clients.Public.ID,
			"program": clients.Program.ID, "program's secret": clients.Program.Secret, "posting": clients.Posting.ID, "posting's secret": clients.Posting.Secret,
			"signer": clients.Signer.ID, "api": clients.API.ID, "api's secret": clients.API.Secret,
			"callback": callback, "verifier": verifier, "challenge": challenge, "books": booksURL, "nobody": "01a20cde-6bd3-7531-8ac9-b1636fb1cb55",
			"jwt-bearer": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		},
	}
}

var placeholder = regexp.MustCompile(`\{[a-z' -]+\}`)

// fill replaces what stands in braces by what it is on this side.
func (s *side) fill(text string) string {
	s.t.Helper()
	return placeholder.ReplaceAllStringFunc(text, func(name string) string { return url.QueryEscape(s.value(name[1 : len(name)-1])) })
}

// value is a constant, or something new: each code and token is for one request.
func (s *side) value(name string) string {
	s.t.Helper()
	if constant, found := s.constants[name]; found {
		return constant
	}
	switch name {
	case "code":
		return s.code()
	case "spent code":
		spent := s.code()
		s.exchange(spent)
		return spent
	case "access":
		return s.tokens().AccessToken
	case "refresh":
		return s.tokens().RefreshToken
	case "used refresh":
		return s.used()
	case "ended access":
		return s.ended()
	case "program's access":
		return s.drawn()
	case "assertion":
		return s.assertion()
	}
	s.t.Fatalf("nothing is known as {%s}", name)
	return ""
}

// config is the app as golang.org/x/oauth2 knows it.
func (s *side) config() *oauth2.Config {
	return &oauth2.Config{
		ClientID: s.app.ID, ClientSecret: s.app.Secret, RedirectURL: callback, Scopes: []string{"openid", "email", "offline_access"},
		Endpoint: oauth2.Endpoint{AuthURL: s.url + "/oauth/authorize", TokenURL: s.url + "/oauth/token", AuthStyle: oauth2.AuthStyleInHeader},
	}
}

// code is a new code for the app. OpenID Connect Core, section 11, wants a consent for
// offline_access.
func (s *side) code() string {
	s.t.Helper()
	link := s.config().AuthCodeURL("a state", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "consent"))
	return s.person.Code(link).Get("code")
}

func (s *side) exchange(code string) *oauth2.Token {
	s.t.Helper()
	tokens, err := s.config().Exchange(s.t.Context(), code, oauth2.VerifierOption(verifier))
	if err != nil {
		s.t.Fatalf("%s: %v", s.url, err)
	}
	return tokens
}

func (s *side) tokens() *oauth2.Token {
	s.t.Helper()
	return s.exchange(s.code())
}

// used is a refresh token that was used once.
func (s *side) used() string {
	s.t.Helper()
	before := s.tokens().RefreshToken
	if _, err := s.config().TokenSource(s.t.Context(), &oauth2.Token{RefreshToken: before}).Token(); err != nil {
		s.t.Fatalf("%s: %v", s.url, err)
	}
	return before
}

// ended is an access token that was revoked.
func (s *side) ended() string {
	s.t.Helper()
	token := s.tokens().AccessToken
	if got := s.post("/oauth/revoke", "{app}:{app's secret}", "token="+token); got.Status != http.StatusOK {
		s.t.Fatalf("%s: revoke: %d %s", s.url, got.Status, got.Raw)
	}
	return token
}

// drawn is a token of the program's own.
func (s *side) drawn() string {
	s.t.Helper()
	got := s.post("/oauth/token", "{program}:{program's secret}", "grant_type=client_credentials")
	if got.Status != http.StatusOK {
		s.t.Fatalf("%s: client_credentials: %d %s", s.url, got.Status, got.Raw)
	}
	return got.Text("access_token")
}

// post sends a form.
func (s *side) post(path, basic, body string) servicetest.Answer {
	s.t.Helper()
	return s.send(probe{request: "POST " + path, basic: basic, body: body})
}

// assertion is one of the signer (RFC 7523, section 2.2).
func (s *side) assertion() string {
	s.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: s.key}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	now := time.Now()
	text, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: s.signer.ID, Subject: s.signer.ID, Audience: jwt.Audience{s.url}, ID: rand.Text(), IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
	}).Serialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}
