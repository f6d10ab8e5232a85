package clients_test

import "slices"

// Differences that several probes have.

func unauthenticated() []difference {
	return known("a client that does not authenticate gets invalid_client, which may be 401 (RFC 6749, section 5.2)", status, "401", "400", code, "invalid_client", "invalid_request")
}

func challenged() []difference {
	return slices.Concat(unauthenticated(), known("who has sent Authorization, or could send nothing else, is challenged (RFC 6749, section 5.2; RFC 7662, section 2.3)", asked, "Basic", ""))
}

func errorInBasic() []difference {
	return known("HTTP Basic has no parameter error (RFC 7617, section 2)", asked, "Basic", "Basic invalid_client")
}

func badAssertion() []difference {
	return known("an assertion that is not valid is invalid_client (RFC 7521, section 4.2.1)", status, "401", "400", code, "invalid_client", "invalid_request")
}

func otherMethod() []difference {
	return known("405 says that there is something at the path (RFC 9110, section 15.5.6)",
		status, "405", "404", code, "invalid_request", "", media, "application/json", "text/plain", stored, "no-store", "allowed")
}

func notStored() []difference {
	return known("nothing that is said about a token is stored; RFC 7009 leaves that open", stored, "no-store", "allowed")
}

// noFragment is about errors of flows that answer in the fragment.
func noFragment(ours, theirs string) []difference {
	all := known("there is no flow that answers in the fragment (RFC 9700, section 2.1.2), so that errors are in the query (RFC 6749, section 4.1.2.1)", status, "at the app", "at the app, in the fragment")
	if ours == theirs {
		return all
	}
	return append(all, known("the server has no such response_type; with the peer, the client may not use it (RFC 6749, section 4.1.2.1)", code, ours, theirs)...)
}

func problemDetails(theirs string) []difference {
	return known("a resource tells its error in WWW-Authenticate (RFC 6750, section 3); the body is problem details (RFC 9457)",
		code, "", theirs, media, "application/problem+json", "application/json")
}

func metadata() []difference {
	return slices.Concat(
		known("clients keep it as long as they like; no cache in between does (RFC 8414 leaves that open)", stored, "no-store", "allowed"),
		known("each says more of what is optional (RFC 8414, section 2; OpenID Connect Discovery, section 3)", members,
			"acr_values_supported introspection_endpoint_auth_methods_supported prompt_values_supported request_parameter_supported revocation_endpoint_auth_methods_supported service_documentation",
			"claim_types_supported dpop_signing_alg_values_supported"),
	)
}
