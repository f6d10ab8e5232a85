package clients_test

import (
	"slices"
	"strings"
)

// authorizeProbes are authorization requests of an app that the person has let in.
func authorizeProbes() []probe {
	return []probe{
		{name: "authorize", request: asking()},
		{name: "authorize: no client_id", request: asking("client_id", "")},
		{name: "authorize: an unknown client_id", request: asking("client_id", "{nobody}")},
		{name: "authorize: two client_ids", request: asking() + "&client_id={other}"},
		{name: "authorize: another redirect_uri", request: asking("redirect_uri", "https%3A%2F%2Fevil.test%2F")},
		{name: "authorize: a redirect_uri with a query", request: asking("redirect_uri", "{callback}%3Fa%3Db")},
		{
			name: "authorize: no redirect_uri", request: asking("redirect_uri", ""),
			differs: known("a request for openid needs it (OpenID Connect Core, section 3.1.2.1); the peer takes the only one that is registered", status, "a page, 400", "at the app", media, "text/html", "", members, "", "code iss state"),
		},
		{
			name: "authorize: two redirect_uris", request: asking() + "&redirect_uri=https%3A%2F%2Fevil.test%2F",
			differs: known("of two addresses nobody knows which is meant, so that the browser goes to neither (RFC 6749, sections 3.1 and 4.1.2.1)", status, "a page, 400", "at the app", code, "", "invalid_request", media, "text/html", "", members, "", "error iss state"),
		},
		{name: "authorize: no response_type", request: asking("response_type", "")},
		{
			name: "authorize: the implicit flow", request: asking("response_type", "token"),
			differs: noFragment("unsupported_response_type", "unsupported_response_type"),
		},
		{
			name: "authorize: the hybrid flow", request: asking("response_type", "code+id_token", "nonce", "n"),
			differs: noFragment("unsupported_response_type", "invalid_request"),
		},
		{name: "authorize: no PKCE", request: asking("code_challenge", "", "code_challenge_method", "")},
		{name: "authorize: plain PKCE", request: asking("code_challenge_method", "plain")},
		{name: "authorize: no code_challenge_method", request: asking("code_challenge_method", "")},
		{name: "authorize: a challenge that is too short", request: asking("code_challenge", "short")},
		{
			name: "authorize: two states", request: asking() + "&state=another",
			differs: known("the app gets the first one back; RFC 6749, section 4.1.2.1, speaks of one", members, "state", ""),
		},
		{name: "authorize: no state", request: asking("state", "")},
		{
			// By another client: its person lets it in to all that it can get.
			name: "authorize: no scope", request: asking("scope", "", "client_id", "{public}"),
			differs: known("the default is all that the client's APIs offer (RFC 6749, section 3.3), and the person is shown it. The peer's page grants nothing then", code, "", "access_denied", members, "code", "error"),
		},
		{name: "authorize: an unknown scope", request: asking("scope", "openid+films%3Aread")},
		{name: "authorize: a scope that nobody can write", request: asking("scope", "openid+books%22read")},
		{name: "authorize: an unknown resource", request: asking("resource", "https%3A%2F%2Ffilms.test")},
		{name: "authorize: a resource", request: asking("resource", "{books}")},
		{name: "authorize: prompt=none", request: asking("prompt", "none")},
		{name: "authorize: prompt=none and another", request: asking("prompt", "none+login")},
		{name: "authorize: an unknown prompt", request: asking("prompt", "nonsense")},
		{name: "authorize: max_age that is no number", request: asking("max_age", "soon")},
		{name: "authorize: a negative max_age", request: asking("max_age", "-1")},
		{
			name: "authorize: an unknown response_mode", request: asking("response_mode", "nonsense"),
			differs: known("RFC 6749, section 4.1.2.1, has invalid_request for a parameter with a bad value", code, "invalid_request", "unsupported_response_mode"),
		},
		{
			name: "authorize: response_mode=fragment", request: asking("response_mode", "fragment"),
			differs: known("the metadata say query alone (OAuth 2.0 Multiple Response Types, section 2.1)", status, "at the app", "at the app, in the fragment", code, "invalid_request", "", members, "error", "code"),
		},
		{name: "authorize: a request object", request: asking("request", "a.b.c")},
		{
			name: "authorize: an unknown request_uri", request: asking("request_uri", "urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Anonsense"),
			differs: known("beside a request_uri no other parameter counts, redirect_uri neither (RFC 9126, section 4; RFC 9101, section 6.3)", status, "a page, 410", "at the app", code, "", "invalid_request_uri", media, "text/html", "", members, "", "error iss state"),
		},
		{name: "authorize: an unknown parameter", request: asking("nonsense", "1")},
		{name: "authorize: an empty prompt", request: asking() + "&prompt="},
		{name: "authorize: an empty nonce", request: asking() + "&nonce="},
		{name: "authorize: a long state", request: asking("state", strings.Repeat("s", 1000))},
		{name: "authorize: a state of many signs", request: asking("state", "%22%3C%3E%26%3D%2B+%C3%A4")},
		{name: "authorize: ui_locales, display and acr_values", request: asking("ui_locales", "de+en", "display", "page", "acr_values", "1")},
		{name: "authorize: an unknown display", request: asking("display", "nonsense")},
		{name: "authorize: a claims parameter", request: asking("claims", "%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D")},
		{name: "authorize: an id_token_hint that is none", request: asking("id_token_hint", "a.b.c")},
		{name: "authorize: prompt=none for a new scope", request: asking("prompt", "none", "scope", "openid+books%3Aread", "resource", "{books}")},
		{name: "authorize: response_type in another case", request: asking("response_type", "CODE")},
		{
			name: "authorize: a registration", request: asking("registration", "%7B%7D"),
			differs: known("it is for self-issued providers (OpenID Connect Core, section 7.2.1), and ignored as unknown parameters are (RFC 6749, section 3.1)", code, "", "registration_not_supported", members, "code", "error"),
		},
		{
			name: "authorize: PUT", request: "PUT /oauth/authorize",
			differs: known("405 says that there is something at the path (RFC 9110, section 15.5.6)", status, "405", "404", media, "text/html", "text/plain", stored, "no-store", "allowed"),
		},
		{name: "a stranger's link", request: asking(), stranger: true},
		{name: "a stranger's link: prompt=none", request: asking("prompt", "none"), stranger: true},
		{name: "a stranger's link: prompt=none and another", request: asking("prompt", "none+login"), stranger: true},
		{name: "a stranger's link: an unknown client_id", request: asking("client_id", "{nobody}"), stranger: true},
		{name: "a stranger's link: another redirect_uri", request: asking("redirect_uri", "https%3A%2F%2Fevil.test%2F"), stranger: true},
		{
			name: "a stranger's link: no PKCE", request: asking("code_challenge", "", "code_challenge_method", ""), stranger: true,
			differs: known("a link that anybody can make up sends nobody elsewhere before they have signed in (RFC 9700, section 4.11.2)", status, "at a page of the server", "at the app", code, "", "invalid_request", members, "", "error iss state"),
		},
	}
}

// asking is an authorization request with some parameters changed: "" leaves one out. Values
// are as they stand in a URL.
func asking(changes ...string) string {
	return "GET /oauth/authorize?" + parameters(changes...)
}

func parameters(changes ...string) string {
	pairs := [][2]string{
		{"client_id", "{app}"}, {"redirect_uri", "{callback}"}, {"response_type", "code"}, {"scope", "openid"}, {"state", "s"},
		{"code_challenge", "{challenge}"}, {"code_challenge_method", "S256"},
	}
	for n := 0; n < len(changes); n += 2 {
		at := slices.IndexFunc(pairs, func(pair [2]string) bool { return pair[0] == changes[n] })
		if at < 0 {
			at = len(pairs)
			pairs = append(pairs, [2]string{changes[n]})
		}
		pairs[at][1] = changes[n+1]
	}
	query := ""
	for _, pair := range pairs {
		if pair[1] != "" {
			query += "&" + pair[0] + "=" + pair[1]
		}
	}
	return query[1:]
}

// pushProbes push authorization requests (RFC 9126).
func pushProbes() []probe {
	const push = "POST /oauth/par"
	return []probe{
		{name: "push", request: push, basic: asApp, body: parameters()},
		{name: "push: nobody", request: push, body: parameters("client_id", ""), differs: unauthenticated()},
		{name: "push: a wrong secret", request: push, basic: "{app}:nonsense", body: parameters(), differs: errorInBasic()},
		{name: "push: another client_id", request: push, basic: asApp, body: parameters("client_id", "{other}")},
		{name: "push: another redirect_uri", request: push, basic: asApp, body: parameters("redirect_uri", "https%3A%2F%2Fevil.test%2F")},
		{name: "push: no response_type", request: push, basic: asApp, body: parameters("response_type", "")},
		{name: "push: the implicit flow", request: push, basic: asApp, body: parameters("response_type", "token")},
		{name: "push: no PKCE", request: push, basic: asApp, body: parameters("code_challenge", "", "code_challenge_method", "")},
		{name: "push: two states", request: push, basic: asApp, body: parameters() + "&state=another"},
		{
			name: "push: a request_uri", request: push, basic: asApp, body: parameters("request_uri", "urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Anonsense"),
			differs: known("RFC 9126, section 2.1, refuses it, and names no error: it is a parameter that must not be there", code, "invalid_request", "request_uri_not_supported"),
		},
		{name: "push: JSON", request: push, basic: asApp, header: []string{"Content-Type: application/json"}, body: `{"response_type":"code"}`},
		{name: "push: GET", request: "GET /oauth/par", basic: asApp, differs: otherMethod()},
	}
}
