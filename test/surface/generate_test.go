package surface_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// request is one that was made up.
type request struct {
	op           string
	method, path string
	header       http.Header
	body         string
	// fields are the texts of the body, by name; bearer is whose token is sent.
	fields map[string]string
	bearer *bearer
}

func (r *request) String() string {
	return fmt.Sprintf("%s %s\n%v\n%s", r.method, r.path, r.header, shorten(r.body))
}

func shorten(text string) string {
	if len(text) > 600 {
		return fmt.Sprintf("%s… (%d bytes)", text[:600], len(text))
	}
	return text
}

// care is how much of a request is as the document says.
type care int

const (
	valid  care = iota // everything
	nearly             // everything but one thing
	wild               // each thing by chance
)

// generator makes up requests. The same seed makes the same ones, if the answers are the
// same.
type generator struct {
	*rand.Rand
	operations []operation
	known      known
	// name is in the addresses of its people.
	name         string
	made, people int
	// newPerson makes an account.
	newPerson func(email string) *person
}

func newGenerator(seed uint64, worker int, operations []operation, clients []secret) *generator {
	return &generator{
		Rand: rand.New(rand.NewPCG(seed, uint64(worker))), operations: operations, known: known{clients: clients}, name: fmt.Sprintf("fuzz%d", worker),
	}
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func one[T any](g *generator, from []T) (chosen T) {
	if len(from) > 0 {
		chosen = from[g.IntN(len(from))]
	}
	return chosen
}

// next is the next request. One in twelve signs in, so that there is always something alive.
func (g *generator) next() *request {
	g.made++
	// Some delete themselves, or change their password to one that is not known here.
	for len(g.known.people) < 3 {
		g.people++
		g.known.people = append(g.known.people, g.newPerson(fmt.Sprintf("%s-%d@books.test", g.name, g.people)))
	}
	switch {
	case len(g.known.live()) < 2 || g.chance(8):
		return g.request(g.operation("sign-in"), valid)
	}
	op := one(g, g.operations)
	switch p := g.IntN(100); {
	case p < 50:
		return g.request(op, valid)
	case p < 85:
		return g.request(op, nearly)
	default:
		return g.request(op, wild)
	}
}

func (g *generator) operation(id string) operation {
	return g.operations[slices.IndexFunc(g.operations, func(op operation) bool { return op.id == id })]
}

// request makes one request of an operation.
func (g *generator) request(op operation, c care) *request {
	r := &request{op: op.id, method: op.method, header: http.Header{}, fields: map[string]string{}}
	// What is bad: the credentials, the path, the query, the headers or the body.
	bad := map[string]bool{}
	parts := []string{"credentials", "path", "query", "headers", "body", "body"}
	switch c {
	case nearly:
		bad[one(g, parts)] = true
	case wild:
		for _, part := range parts {
			bad[part] = g.chance(40)
		}
	}
	who := one(g, g.known.people)
	g.credentials(r, op, who, bad["credentials"])
	if r.bearer != nil {
		who = r.bearer.owner
	}
	r.path = g.path(op, bad["path"])
	if query := g.query(op, bad["query"]); query != "" {
		r.path += "?" + query
	}
	if op.media != "" {
		g.body(r, op, who, bad["body"])
	}
	if bad["headers"] {
		g.headers(r)
	}
	return r
}

// credentials adds what authenticates the request.
func (g *generator) credentials(r *request, op operation, who *person, bad bool) {
	if len(op.schemes) == 0 && !bad {
		return
	}
	basic := func(s secret) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(s.id)+":"+url.QueryEscape(s.secret)))
	}
	isClient := slices.Contains(op.schemes, "client") || strings.HasPrefix(op.path, "/oauth/")
	if !bad {
		if isClient {
			if op.id != "token" && g.chance(80) {
				r.header.Set("Authorization", basic(g.known.clients[0]))
			}
			return
		}
		if r.bearer = one(g, g.suited(op)); r.bearer != nil {
			r.header.Set("Authorization", "Bearer "+r.bearer.token)
		}
		return
	}
	token, client := g.token(), one(g, g.known.clients)
	switch g.IntN(10) {
	case 0: // none
	case 1:
		r.header.Set("Authorization", "Bearer "+damage(g, token))
	case 2:
		r.header.Set("Authorization", "bearer "+token)
	case 3:
		r.header["Authorization"] = []string{"Bearer " + token, "Bearer " + g.token()}
	case 4:
		r.header.Set("Authorization", basic(secret{client.id, damage(g, client.secret)}))
	case 5:
		r.header["Authorization"] = []string{basic(client), "Bearer " + token}
	case 6:
		r.header.Set("Authorization", "Bearer "+one(g, []string{one(g, g.known.sessions), client.secret, "", "a b", strings.Repeat("x", 3000)}))
	case 7:
		r.header.Set("Authorization", one(g, []string{"Basic !!", "Basic " + token, "Digest x", "Bearer", "Basic Og=="}))
	case 8:
		if who != nil {
			r.header.Set("Authorization", "Bearer "+one(g, who.devices))
		}
	case 9:
		r.header.Set("Authorization", basic(client)) // perhaps one that has ended
	}
}

// suited are live tokens with which an operation may succeed and more can be tried afterwards:
// only the reader's have a role, so that the reader's account stays as it is.
func (g *generator) suited(op operation) []*bearer {
	live := g.known.live()
	isReaders := func(b *bearer) bool { return b.owner.email == reader }
	switch {
	case op.id == "verify" && slices.ContainsFunc(live, isReaders):
		return slices.DeleteFunc(live, func(b *bearer) bool { return !isReaders(b) })
	case op.id == "delete-me" || op.id == "change-password":
		return slices.DeleteFunc(live, isReaders)
	}
	return live
}

// token is one that was given out, alive or ended; "" before there is one.
func (g *generator) token() string {
	if b := one(g, g.known.tokens); b != nil {
		return b.token
	}
	return ""
}

// damage changes a text a little.
func damage(g *generator, text string) string {
	if text == "" {
		return "x"
	}
	at := g.IntN(len(text))
	switch g.IntN(3) {
	case 0:
		return text[:at]
	case 1:
		return text[:at] + "x" + text[at:]
	}
	return text[:at] + string('A'+rune(g.IntN(26))) + text[at+1:]
}

func (g *generator) path(op operation, bad bool) string {
	path := op.path
	for _, p := range op.parameters {
		if p.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(g.text(p.Name, nil, bad)))
		}
	}
	if !bad || path != op.path {
		return path
	}
	switch g.IntN(5) {
	case 0:
		return path + "/"
	case 1:
		return strings.ToUpper(path)
	case 2:
		return path + "/" + url.PathEscape(one(g, odd()))
	case 3:
		return strings.Replace(path, "/", "//", 1)
	}
	return path + "%2f.."
}

func (g *generator) query(op operation, bad bool) string {
	var pairs []string
	for _, p := range op.parameters {
		if p.In != "query" || !p.Required && g.chance(40) {
			continue
		}
		value := one(g, []string{"true", "false"})
		if !p.Schema.is("boolean") {
			value = g.text(p.Name, nil, false)
		}
		if bad {
			if g.chance(30) {
				continue
			}
			value = one(g, odd())
		}
		pairs = append(pairs, p.Name+"="+url.QueryEscape(value))
	}
	if bad {
		pairs = append(pairs, one(g, []string{"access_token=" + g.token(), "all=true&all=false", "=", "&&", "%zz=1", "api[]=books", strings.Repeat("a=b&", 200)}))
	}
	return strings.Join(pairs, "&")
}

// headers makes some header a bad one.
func (g *generator) headers(r *request) {
	switch g.IntN(8) {
	case 0:
		r.header.Set("Content-Type", one(g, []string{"text/plain", "application/xml", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "a", "application/json, text/html"}))
	case 1:
		r.header.Del("Content-Type")
	case 2:
		r.header.Set("Content-Encoding", one(g, []string{"gzip", "br", "identity", "x"}))
	case 3:
		r.header["X-Forwarded-For"] = []string{one(g, []string{"203.0.113.7", "2001:db8::1, 203.0.113.9", "nonsense", "203.0.113.7:80, unknown", strings.Repeat("10.0.0.1, ", 200)}), "198.51.100.2"}
	case 4:
		r.header.Set("X-Request-Id", one(g, odd()))
	case 5:
		r.header.Set("User-Agent", one(g, odd()))
	case 6:
		r.header.Set("Accept", one(g, []string{"text/html", "*/*;q=0", "application/xml", ""}))
	case 7:
		r.method = one(g, []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO"})
	}
	for name, values := range r.header {
		for n := range values {
			// net/http sends no control characters; raw ones are the raw tests' matter.
			r.header[name][n] = strings.Map(func(c rune) rune {
				if c < ' ' || c == 0x7f {
					return -1
				}
				return c
			}, values[n])
		}
	}
}

// member is one of a body, in the order in which it is sent. value is JSON.
type member struct{ name, value string }

// body adds a body as the schema says, or one that is not quite so.
func (g *generator) body(r *request, op operation, who *person, bad bool) {
	r.header.Set("Content-Type", op.media)
	var names []string
	for name := range op.body.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	var members []member
	for _, name := range names {
		if !slices.Contains(op.body.Required, name) && g.chance(50) {
			continue
		}
		members = append(members, member{name, g.value(name, op.body.Properties[name], who)})
	}
	if bad {
		members = g.spoil(members)
	}
	for _, m := range members {
		var text string
		if json.Unmarshal([]byte(m.value), &text) == nil {
			r.fields[m.name] = text
		}
	}
	r.body = encode(op.media, members)
	if bad && g.chance(15) {
		r.body = one(g, []string{"", "{", "null", "[]", "\"\"", "0", r.body + r.body, r.body[:len(r.body)/2], "\xff\xfe" + r.body, strings.Repeat("[", 3000), "=&=&"})
	}
}

func encode(media string, members []member) string {
	var parts []string
	if media != "application/x-www-form-urlencoded" {
		for _, m := range members {
			name, _ := json.Marshal(m.name)
			parts = append(parts, string(name)+":"+m.value)
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	for _, m := range members {
		text := m.value
		_ = json.Unmarshal([]byte(m.value), &text)
		parts = append(parts, url.QueryEscape(m.name)+"="+url.QueryEscape(text))
	}
	return strings.Join(parts, "&")
}

// spoil makes one thing wrong with the members of a body.
func (g *generator) spoil(members []member) []member {
	if len(members) == 0 {
		return []member{{"x", "1"}}
	}
	at := g.IntN(len(members))
	switch g.IntN(6) {
	case 0:
		return slices.Delete(members, at, at+1)
	case 1:
		return append(members, members[at])
	case 2:
		return append(members, member{one(g, []string{"x", "admin", "$schema", "", "email\x00", "пароль"}), "true"})
	case 3:
		members[at].value = one(g, []string{"null", "1", "-1e400", "true", "{}", "[]", "[\"a\"]", "{\"a\":{\"a\":{}}}", "1.5", "\"\""})
	case 4:
		members[at].name = one(g, []string{strings.ToUpper(members[at].name), members[at].name + " ", " " + members[at].name})
	default:
		text, _ := json.Marshal(one(g, odd()))
		members[at].value = string(text)
	}
	return members
}

// value is one for a member of a body, in JSON.
func (g *generator) value(name string, s schema, who *person) string {
	switch {
	case len(s.Enum) > 0:
		text, _ := json.Marshal(one(g, s.Enum))
		return string(text)
	case s.is("array"):
		list := make([]string, g.IntN(4))
		for n := range list {
			list[n] = g.text(strings.TrimSuffix(name, "s"), who, false)
		}
		text, _ := json.Marshal(list)
		return string(text)
	case s.is("boolean"):
		return one(g, []string{"true", "false"})
	case s.is("integer"), s.is("number"):
		return fmt.Sprint(g.IntN(1000))
	}
	text, _ := json.Marshal(g.text(name, who, false))
	return string(text)
}

// text is one for a field or a parameter, by its name.
func (g *generator) text(name string, who *person, bad bool) string {
	if bad {
		return one(g, odd())
	}
	if who == nil {
		who = &person{email: "nobody@books.test", password: "seven quiet lanterns drift"}
	}
	switch name {
	case "email", "username":
		if len(g.known.people) < 3 || g.chance(10) {
			return fmt.Sprintf("%s-%d@books.test", g.name, g.made)
		}
		return who.email
	case "password", "current_password":
		if who.password == "" || g.chance(5) {
			return "seven quiet lanterns drift"
		}
		return who.password
	case "new_password":
		return fmt.Sprintf("violet teapot marches north %d", g.made)
	case "device_token":
		return one(g, append(who.devices[:len(who.devices):len(who.devices)], "bdvs1AAAA"))
	case "token":
		return g.token()
	case "id":
		return one(g, append(g.known.sessions[:len(g.known.sessions):len(g.known.sessions)], "00000000-0000-0000-0000-000000000000", "current"))
	case "scope":
		return one(g, []string{"account", "books:read", "books:read", "account books:read", ""})
	case "api":
		return one(g, []string{"books", "books", "books", "shop", "auth"})
	case "token_type_hint":
		return one(g, []string{"access_token", "refresh_token", "x"})
	}
	return one(g, odd())
}

// odd are texts that go wrong somewhere.
func odd() []string {
	return []string{
		"", " ", "a", "null", "-1", "0x10", "true", "ada@books.test", "аda@books.test", "Ада Лавлейс", "é́", "\u202eabc", "🦊🦊", "a\x00b", "a\r\nX-Evil: 1", "\ufeff", "ß", "ǅ",
		"%00", "%2e%2e%2f", "../../etc/passwd", "' OR 1=1 --", "<script>", "${jndi:x}", "a\tb", "00000000-0000-0000-0000-000000000000", "\xff\xfe",
		strings.Repeat("a", 255), strings.Repeat("é", 200), strings.Repeat("a", 3000), strings.Repeat("a@", 2500),
	}
}
