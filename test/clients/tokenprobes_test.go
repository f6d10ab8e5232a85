package clients_test

import "slices"

// probes are the requests that both sides get.
func probes() []probe {
	return slices.Concat(clientProbes(), grantProbes(), codeProbes(), authorizeProbes(), pushProbes(), revokeProbes(), introspectProbes(), userInfoProbes(), discoveryProbes())
}

const (
	tokenEndpoint = "POST /oauth/token"
	asApp         = "{app}:{app's secret}"
	asOther       = "{other}:{other's secret}"
	asProgram     = "{program}:{program's secret}"
	asAPI         = "{api}:{api's secret}"
	wrongSecret   = "{program}:nonsense"
	credentials   = "grant_type=client_credentials"
)

// clientProbes are about how a client authenticates (RFC 6749, section 2.3).
func clientProbes() []probe {
	return []probe{
		{name: "a program with Basic", request: tokenEndpoint, basic: asProgram, body: credentials},
		{name: "a program with a form", request: tokenEndpoint, body: credentials + "&client_id={posting}&client_secret={posting's secret}"},
		{name: "a program with an assertion", request: tokenEndpoint, body: credentials + "&client_assertion_type={jwt-bearer}&client_assertion={assertion}"},
		{name: "no client", request: tokenEndpoint, body: credentials, differs: unauthenticated()},
		{name: "a client_id alone", request: tokenEndpoint, body: credentials + "&client_id={program}"},
		{name: "an unknown client", request: tokenEndpoint, basic: "{nobody}:nonsense", body: credentials, differs: errorInBasic()},
		{name: "a wrong secret with Basic", request: tokenEndpoint, basic: wrongSecret, body: credentials, differs: errorInBasic()},
		{name: "a wrong secret in a form", request: tokenEndpoint, body: credentials + "&client_id={posting}&client_secret=nonsense"},
		{name: "an empty secret", request: tokenEndpoint, basic: "{program}:", body: credentials, differs: challenged()},
		{name: "Basic that is no base64", request: tokenEndpoint, header: []string{"Authorization: Basic %%%"}, body: credentials, differs: challenged()},
		{name: "Basic without a colon", request: tokenEndpoint, basic: "{program}", body: credentials, differs: challenged()},
		{name: "a bearer token for a client", request: tokenEndpoint, header: []string{"Authorization: Bearer nonsense"}, body: credentials, differs: challenged()},
		{name: "Basic and a secret in the form", request: tokenEndpoint, basic: asProgram, body: credentials + "&client_secret={program's secret}"},
		{name: "Basic and another client_id", request: tokenEndpoint, basic: asProgram, body: credentials + "&client_id={app}"},
		{name: "Basic and the same client_id", request: tokenEndpoint, basic: asProgram, body: credentials + "&client_id={program}"},
		{name: "Basic and an assertion", request: tokenEndpoint, basic: asProgram, body: credentials + "&client_assertion_type={jwt-bearer}&client_assertion={assertion}"},
		{name: "two Authorization headers", request: tokenEndpoint, header: []string{"Authorization: Basic nonsense", "Authorization: Basic rubbish"}, body: credentials},
		{name: "a secret of a public client", request: tokenEndpoint, basic: "{public}:nonsense", body: "grant_type=refresh_token&refresh_token=nonsense", differs: errorInBasic()},
		{name: "an assertion that is none", request: tokenEndpoint, body: credentials + "&client_assertion_type={jwt-bearer}&client_assertion=a.b.c", differs: badAssertion()},
		{name: "an assertion of another type", request: tokenEndpoint, body: credentials + "&client_assertion_type=saml&client_assertion={assertion}", differs: badAssertion()},
		{name: "an assertion without its type", request: tokenEndpoint, body: credentials + "&client_assertion={assertion}", differs: badAssertion()},
	}
}

// grantProbes are about the form, and what may be asked for (RFC 6749, sections 3.2, 4.4 and 6).
func grantProbes() []probe {
	return []probe{
		{name: "no grant_type", request: tokenEndpoint, basic: asProgram, body: "scope=books%3Aread"},
		{name: "an empty grant_type", request: tokenEndpoint, basic: asProgram, body: "grant_type="},
		{name: "two grant_types", request: tokenEndpoint, basic: asProgram, body: credentials + "&" + credentials},
		{name: "an unknown grant_type", request: tokenEndpoint, basic: asProgram, body: "grant_type=nonsense"},
		{name: "the password grant", request: tokenEndpoint, basic: asApp, body: "grant_type=password&username=a&password=b"},
		{
			name: "a grant that the client may not use", request: tokenEndpoint, basic: asApp, body: credentials,
			differs: known("the client is authenticated, and may not use this grant (RFC 6749, section 5.2)", code, "unauthorized_client", "invalid_request"),
		},
		{name: "no body", request: tokenEndpoint, basic: asProgram},
		{name: "JSON", request: tokenEndpoint, basic: asProgram, header: []string{"Content-Type: application/json"}, body: `{"grant_type":"client_credentials"}`},
		{name: "no media type", request: tokenEndpoint, basic: asProgram, header: []string{"Content-Type: "}, body: credentials},
		{name: "parameters in the URL", request: tokenEndpoint + "?" + credentials, basic: asProgram},
		{name: "GET of the token endpoint", request: "GET /oauth/token", basic: asProgram, differs: otherMethod()},
		{
			name: "a percent sign alone", request: tokenEndpoint, basic: asProgram, body: credentials + "&scope=%zz",
			differs: known("a form has no percent sign alone (RFC 6749, appendix B); the peer reads it as one", status, "400", "200", code, "invalid_request", "", members, "", "access_token expires_in token_type"),
		},
		{name: "an unknown parameter", request: tokenEndpoint, basic: asProgram, body: credentials + "&nonsense=1"},
		{
			name: "an unknown parameter twice", request: tokenEndpoint, basic: asProgram, body: credentials + "&nonsense=1&nonsense=2",
			differs: known("no parameter may be repeated (RFC 6749, section 3.2); the peer looks only at those that it knows", status, "400", "200", code, "invalid_request", "", members, "", "access_token expires_in token_type"),
		},
		{name: "a form in several parts", request: tokenEndpoint, basic: asProgram, header: []string{"Content-Type: multipart/form-data; boundary=x"}, body: "--x\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--x--\r\n"},
		{name: "a form in UTF-8", request: tokenEndpoint, basic: asProgram, header: []string{"Content-Type: application/x-www-form-urlencoded; charset=UTF-8"}, body: credentials},
		{
			name: "a form in Latin-1", request: tokenEndpoint, basic: asProgram, header: []string{"Content-Type: application/x-www-form-urlencoded; charset=iso-8859-1"}, body: credentials,
			differs: known("a form is in UTF-8 (RFC 6749, appendix B); the peer takes any charset for that", status, "400", "200", code, "invalid_request", "", members, "", "access_token expires_in token_type"),
		},
		{name: "a grant_type in capitals", request: tokenEndpoint, basic: asProgram, body: "grant_type=CLIENT_CREDENTIALS"},
		{name: "an empty scope", request: tokenEndpoint, basic: asProgram, body: credentials + "&scope="},
		{
			name: "scopes with two spaces between", request: tokenEndpoint, basic: asProgram, body: credentials + "&resource={books}&scope=books%3Aread++books%3Aread",
			differs: known("one space separates scopes (RFC 6749, section 3.3); ours takes several, and no two scopes can be mixed up by that", status, "200", "400", code, "", "invalid_scope", members, "access_token expires_in token_type", ""),
		},
		{name: "a zero byte", request: tokenEndpoint, basic: asProgram, body: credentials + "&scope=%00"},
		{name: "a resource that is no URL", request: tokenEndpoint, basic: asProgram, body: credentials + "&resource=films"},
		{name: "a resource with a fragment", request: tokenEndpoint, basic: asProgram, body: credentials + "&resource={books}%23a"},
		{name: "two resources", request: tokenEndpoint, basic: asProgram, body: credentials + "&resource={books}&resource={books}"},
		{
			name: "HEAD of the token endpoint", request: "HEAD /oauth/token",
			differs: known("405 says that there is something at the path (RFC 9110, section 15.5.6)", status, "405", "404", stored, "no-store", "allowed"),
		},
		{name: "a resource", request: tokenEndpoint, basic: asProgram, body: credentials + "&resource={books}&scope=books%3Aread"},
		{name: "an unknown resource", request: tokenEndpoint, basic: asProgram, body: credentials + "&resource=https%3A%2F%2Ffilms.test"},
		{
			name: "an unknown scope", request: tokenEndpoint, basic: asProgram, body: credentials + "&scope=films%3Aread",
			differs: known("the requested scope is unknown (RFC 6749, section 5.2); the peer leaves it out", status, "400", "200", code, "invalid_scope", "", members, "", "access_token expires_in token_type"),
		},
		{name: "no refresh_token", request: tokenEndpoint, basic: asApp, body: "grant_type=refresh_token"},
		{name: "an unknown refresh token", request: tokenEndpoint, basic: asApp, body: "grant_type=refresh_token&refresh_token=nonsense"},
		{name: "a refresh token", request: tokenEndpoint, basic: asApp, body: "grant_type=refresh_token&refresh_token={refresh}"},
		{name: "a refresh token of another client", request: tokenEndpoint, basic: asOther, body: "grant_type=refresh_token&refresh_token={refresh}"},
		{name: "a refresh token for more", request: tokenEndpoint, basic: asApp, body: "grant_type=refresh_token&refresh_token={refresh}&scope=books%3Aread"},
		{name: "a refresh token for less", request: tokenEndpoint, basic: asApp, body: "grant_type=refresh_token&refresh_token={refresh}&scope=openid"},
		{
			name: "a refresh token that was just used", request: tokenEndpoint, basic: asApp, body: "grant_type=refresh_token&refresh_token={used refresh}",
			differs: known("for 30 seconds a retry gets the same successor, so that a lost answer signs nobody out; after that it ends the family (RFC 9700, section 4.14.2)", status, "200", "400", code, "", "invalid_grant", members, "access_token expires_in id_token refresh_token token_type", ""),
		},
	}
}

// codeProbes exchange codes (RFC 6749, section 4.1.3; RFC 7636).
func codeProbes() []probe {
	const good = "grant_type=authorization_code&redirect_uri={callback}&code_verifier={verifier}&code={code}"
	return []probe{
		{name: "a code", request: tokenEndpoint, basic: asApp, body: good},
		{name: "no code", request: tokenEndpoint, basic: asApp, body: "grant_type=authorization_code&redirect_uri={callback}&code_verifier={verifier}"},
		{name: "an unknown code", request: tokenEndpoint, basic: asApp, body: "grant_type=authorization_code&redirect_uri={callback}&code_verifier={verifier}&code=nonsense"},
		{name: "two codes", request: tokenEndpoint, basic: asApp, body: good + "&code=nonsense"},
		{name: "a code that was used", request: tokenEndpoint, basic: asApp, body: "grant_type=authorization_code&redirect_uri={callback}&code_verifier={verifier}&code={spent code}"},
		{name: "a code of another client", request: tokenEndpoint, basic: asOther, body: good},
		{name: "a code that a public client took", request: tokenEndpoint, body: good + "&client_id={public}"},
		{name: "no verifier", request: tokenEndpoint, basic: asApp, body: "grant_type=authorization_code&redirect_uri={callback}&code={code}"},
		{name: "another verifier", request: tokenEndpoint, basic: asApp, body: "grant_type=authorization_code&redirect_uri={callback}&code={code}&code_verifier={challenge}"},
		{name: "a verifier with other letters", request: tokenEndpoint, basic: asApp, body: "grant_type=authorization_code&redirect_uri={callback}&code={code}&code_verifier=%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4"},
		{name: "a code with an unknown resource", request: tokenEndpoint, basic: asApp, body: good + "&resource=https%3A%2F%2Ffilms.test"},
		{name: "a code with a scope", request: tokenEndpoint, basic: asApp, body: good + "&scope=openid"},
		{name: "a verifier that is too short", request: tokenEndpoint, basic: asApp, body: "grant_type=authorization_code&redirect_uri={callback}&code={code}&code_verifier=short"},
		{name: "another redirect_uri", request: tokenEndpoint, basic: asApp, body: "grant_type=authorization_code&redirect_uri=https%3A%2F%2Fevil.test&code_verifier={verifier}&code={code}"},
		{
			name: "no redirect_uri", request: tokenEndpoint, basic: asApp, body: "grant_type=authorization_code&code_verifier={verifier}&code={code}",
			differs: known("it was in the authorization request, so it has to be here (RFC 6749, section 4.1.3); the peer lets it be if only one is registered", status, "400", "200", code, "invalid_grant", "", members, "", "access_token expires_in id_token refresh_token token_type"),
		},
	}
}
