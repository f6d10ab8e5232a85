package clients_test

import "slices"

// revokeProbes revoke tokens (RFC 7009).
func revokeProbes() []probe {
	const revoke = "POST /oauth/revoke"
	return []probe{
		{name: "revoke: an access token", request: revoke, basic: asApp, body: "token={access}", differs: notStored()},
		{name: "revoke: a refresh token", request: revoke, basic: asApp, body: "token={refresh}&token_type_hint=refresh_token", differs: notStored()},
		{name: "revoke: a token that has ended", request: revoke, basic: asApp, body: "token={ended access}", differs: notStored()},
		{name: "revoke: an unknown token", request: revoke, basic: asApp, body: "token=nonsense", differs: notStored()},
		{name: "revoke: an unknown hint", request: revoke, basic: asApp, body: "token={access}&token_type_hint=nonsense", differs: notStored()},
		{
			name: "revoke: a token of another client", request: revoke, basic: asOther, body: "token={access}",
			differs: slices.Concat(notStored(), known("the client is authenticated, and may not do this (RFC 7009, section 2.1, names no error; RFC 6749, section 5.2)", code, "unauthorized_client", "invalid_request")),
		},
		{name: "revoke: no token", request: revoke, basic: asApp, body: "token_type_hint=access_token", differs: notStored()},
		{name: "revoke: two tokens", request: revoke, basic: asApp, body: "token=a&token=b", differs: notStored()},
		{
			name: "revoke: nobody", request: revoke, body: "token=nonsense",
			differs: slices.Concat(notStored(), known("whoever has a token may end it, as in signing out; RFC 7009, section 2.1, identifies clients so that none ends what is another's", status, "200", "400", code, "", "invalid_request", media, "", "application/json")),
		},
		{
			name: "revoke: a wrong secret", request: revoke, basic: "{app}:nonsense", body: "token=nonsense",
			differs: slices.Concat(notStored(), errorInBasic()),
		},
		{name: "revoke: GET", request: "GET /oauth/revoke?token=nonsense", basic: asApp, differs: otherMethod()},
	}
}

// introspectProbes ask about tokens (RFC 7662).
func introspectProbes() []probe {
	const introspect = "POST /oauth/introspect"
	return []probe{
		{
			name: "introspect: an access token for no API", request: introspect, basic: asAPI, body: "token={access}",
			differs: known("it has no scope of the API, so that it is not for the client that asks (RFC 7662, section 4; RFC 9700, section 2.3)", members, "", "client_id exp iat iss sub token_type"),
		},
		{
			name: "introspect: a program's token", request: introspect, basic: asAPI, body: "token={program's access}",
			differs: known("ours says more of what is optional (RFC 7662, section 2.2): the subject of a program's token is the program", members, "aud sid sub", ""),
		},
		{name: "introspect: an unknown token", request: introspect, basic: asAPI, body: "token=nonsense"},
		{name: "introspect: a token that has ended", request: introspect, basic: asAPI, body: "token={ended access}"},
		{name: "introspect: an unknown hint", request: introspect, basic: asAPI, body: "token=nonsense&token_type_hint=nonsense"},
		{name: "introspect: no token", request: introspect, basic: asAPI, body: "token_type_hint=access_token"},
		{name: "introspect: two tokens", request: introspect, basic: asAPI, body: "token=a&token=b"},
		{name: "introspect: nobody", request: introspect, body: "token=nonsense", differs: challenged()},
		{name: "introspect: a wrong secret", request: introspect, basic: "{api}:nonsense", body: "token=nonsense", differs: errorInBasic()},
		{name: "introspect: JSON", request: introspect, basic: asAPI, header: []string{"Content-Type: application/json"}, body: `{"token":"nonsense"}`},
		{name: "introspect: GET", request: "GET /oauth/introspect?token=nonsense", basic: asAPI, differs: otherMethod()},
	}
}

// userInfoProbes ask who a person is (OpenID Connect Core, section 5.3; RFC 6750).
func userInfoProbes() []probe {
	const userInfo = "GET /oauth/userinfo"
	return []probe{
		{name: "userinfo", request: userInfo, header: []string{"Authorization: Bearer {access}"}},
		{name: "userinfo: posted", request: "POST /oauth/userinfo", header: []string{"Authorization: Bearer {access}"}},
		{name: "userinfo: in a form", request: "POST /oauth/userinfo", body: "access_token={access}"},
		{name: "userinfo: the scheme in small letters", request: userInfo, header: []string{"Authorization: bearer {access}"}},
		{name: "userinfo: no token", request: userInfo, differs: problemDetails("invalid_token")},
		{name: "userinfo: an unknown token", request: userInfo, header: []string{"Authorization: Bearer nonsense"}, differs: problemDetails("invalid_token")},
		{name: "userinfo: a token that has ended", request: userInfo, header: []string{"Authorization: Bearer {ended access}"}, differs: problemDetails("invalid_token")},
		{name: "userinfo: a refresh token", request: userInfo, header: []string{"Authorization: Bearer {refresh}"}, differs: problemDetails("invalid_token")},
		{
			name: "userinfo: a token without openid", request: userInfo, header: []string{"Authorization: Bearer {program's access}"},
			differs: slices.Concat(problemDetails("invalid_token"), known("the token is alive, and lacks the scope (RFC 6750, section 3.1)", status, "403", "401", asked, "Bearer insufficient_scope", "Bearer invalid_token")),
		},
		{
			name: "userinfo: HTTP Basic", request: userInfo, basic: asApp,
			differs: slices.Concat(problemDetails("invalid_request"), known("another scheme is no token: the answer is as if there were none (RFC 6750, section 3.1)", status, "401", "400", asked, "Bearer", "Bearer invalid_request")),
		},
		{
			name: "userinfo: an empty token", request: userInfo, header: []string{"Authorization: Bearer "},
			differs: slices.Concat(problemDetails("invalid_request"), known("it is malformed: RFC 6750, section 3.1, has that under invalid_token", status, "401", "400", asked, "Bearer invalid_token", "Bearer invalid_request")),
		},
		{
			name: "userinfo: in the URL", request: userInfo + "?access_token={access}",
			differs: slices.Concat(problemDetails("invalid_request"), known("a token in a URL is not looked at (RFC 9700, section 4.3.2): the answer is as if there were none", status, "401", "400", asked, "Bearer", "Bearer invalid_request")),
		},
		{name: "userinfo: in header and form", request: "POST /oauth/userinfo", header: []string{"Authorization: Bearer {access}"}, body: "access_token={access}", differs: problemDetails("invalid_request")},
		{name: "userinfo: HEAD", request: "HEAD /oauth/userinfo", header: []string{"Authorization: Bearer {access}"}},
		{name: "userinfo: a form without a token", request: "POST /oauth/userinfo", body: "nonsense=1", differs: problemDetails("invalid_token")},
		{name: "userinfo: two tokens in a form", request: "POST /oauth/userinfo", body: "access_token={access}&access_token={access}", differs: problemDetails("invalid_request")},
		{
			name: "userinfo: JSON", request: "POST /oauth/userinfo", header: []string{"Content-Type: application/json"}, body: `{"access_token":"nonsense"}`,
			differs: slices.Concat(problemDetails("invalid_request"), known("a body that is no form has no token: the answer is as if there were none (RFC 6750, section 2.2)", status, "401", "400", asked, "Bearer", "Bearer invalid_request")),
		},
		{name: "userinfo: PUT", request: "PUT /oauth/userinfo", header: []string{"Authorization: Bearer {access}"}, differs: otherMethod()},
	}
}

// discoveryProbes find out about the server (OpenID Connect Discovery; RFC 8414).
func discoveryProbes() []probe {
	return []probe{
		{name: "discovery of OpenID Connect", request: "GET /.well-known/openid-configuration", differs: metadata()},
		{name: "discovery of OAuth", request: "GET /.well-known/oauth-authorization-server", differs: metadata()},
		{
			name: "keys", request: "GET /.well-known/jwks.json",
			differs: known("OpenID Connect asks for no type of its own, and some clients take JSON alone; RFC 7517, section 8.5.2, registers the other", media, "application/json", "application/jwk-set+json"),
		},
		{
			name: "discovery: POST", request: "POST /.well-known/openid-configuration",
			differs: known("405 says that there is something at the path (RFC 9110, section 15.5.6)", status, "405", "404", media, "application/problem+json", "text/plain", stored, "no-store", "allowed"),
		},
		{
			name: "an unknown path", request: "GET /oauth/nonsense",
			differs: known("errors are problem details (RFC 9457), and stored by nobody", media, "application/problem+json", "text/plain", stored, "no-store", "allowed"),
		},
	}
}
