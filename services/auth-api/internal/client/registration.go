package client

import (
	"cmp"
	"slices"

	"auth.books.test/internal/setting"
	"auth.books.test/services/auth-api/internal/fault"
)

const (
	// maxName is how many bytes a client's name may have.
	maxName = 64
	// maxEntries is how many URIs, origins or APIs a client may have.
	maxEntries = 50
)

// checked returns the registration with its defaults and in one spelling, or what is wrong
// with it. Whether its APIs exist only the store knows. Fault: validation_failed.
func (r Registration) checked() (Registration, error) {
	if r.Authentication == "" {
		r.Authentication = Secret
		if r.Keys != "" {
			r.Authentication = PrivateKey
		}
	}
	for _, check := range []func(*Registration) error{
		(*Registration).checkName, (*Registration).checkAuthentication, (*Registration).checkGrants, (*Registration).checkURIs, (*Registration).checkOrigins, (*Registration).checkAudiences,
	} {
		if err := check(&r); err != nil {
			return Registration{}, err
		}
	}
	return r, nil
}

func (r *Registration) checkName() error {
	if len(r.Name) > maxName || clean(r.Name) != r.Name {
		return fault.Invalid("name", "not_a_name", "Use at most 64 bytes of text without control characters.")
	}
	if r.Name == "" && r.May(AuthorizationCode) {
		return fault.Invalid("name", "required", "People are asked whether they let the app in: name it.")
	}
	return nil
}

func (r *Registration) checkAuthentication() (err error) {
	switch {
	case r.Authentication != NoSecret && r.Authentication != Secret && r.Authentication != PrivateKey:
		return fault.Invalid("authentication", "unknown", "Use one of none, client_secret and private_key_jwt.")
	case r.Authentication != PrivateKey && r.Keys != "":
		return fault.Invalid("key", "not_allowed", "Keys are for clients that have no secret and are not public.")
	case r.Authentication != Secret && r.Audience != "":
		return fault.Invalid("audience", "not_allowed", "A client that introspects tokens for an API has a secret: leave out --public and --key.")
	case r.Public() && r.PKCEExempt:
		return fault.Invalid("no-pkce", "not_allowed", "A public client has nothing but PKCE: it cannot be exempt.")
	case r.Native && r.PKCEExempt:
		return fault.Invalid("no-pkce", "not_allowed", "Other programs on the device can take the codes of a native client: it cannot be exempt (RFC 8252, section 8.1).")
	}
	if r.Authentication == PrivateKey {
		if r.Keys, err = readKeys(r.Keys); err != nil {
			return err
		}
	}
	r.IDTokenAlgorithm = cmp.Or(r.IDTokenAlgorithm, IDTokenAlgorithms()[0])
	if !slices.Contains(IDTokenAlgorithms(), r.IDTokenAlgorithm) {
		return fault.Invalid("id-token-algorithm", "unknown", "Use RS256 or ES256.")
	}
	return nil
}

func (r *Registration) checkGrants() error {
	for _, g := range r.Grants {
		if !slices.Contains(grants(), g) {
			return fault.Invalid("grant", "unknown", "Use authorization_code, refresh_token or client_credentials.")
		}
	}
	r.Grants = slices.DeleteFunc(grants(), func(g Grant) bool { return !r.May(g) })
	signsIn := r.May(AuthorizationCode)
	switch {
	case len(r.Grants) == 0 && r.Audience == "":
		return fault.Invalid("grant", "required", "Name a grant, or the API whose tokens the client introspects: otherwise it can do nothing.")
	case signsIn && len(r.RedirectURIs) == 0:
		return fault.Invalid("redirect-uri", "required", "The grant authorization_code needs a redirect URI.")
	case !signsIn && (len(r.RedirectURIs)+len(r.LogoutURIs)+len(r.Origins) > 0 || r.Native || r.May(RefreshToken)):
		return fault.Invalid("grant", "required", "Redirect URIs, logout URIs, origins, native clients and refresh_token are for the grant authorization_code.")
	case r.Public() && r.May(ClientCredentials):
		return fault.Invalid("grant", "not_allowed", "Anybody could use client_credentials in the name of a public client: give the client a secret or a key.")
	}
	return nil
}

func (r *Registration) checkURIs() (err error) {
	for _, list := range []struct {
		field string
		uris  *[]string
	}{{"redirect-uri", &r.RedirectURIs}, {"logout-uri", &r.LogoutURIs}} {
		if *list.uris, err = distinct(list.field, *list.uris); err != nil {
			return err
		}
		for _, uri := range *list.uris {
			if err := checkRedirect(list.field, uri, r.Native); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkOrigins writes the origins as browsers send them.
func (r *Registration) checkOrigins() (err error) {
	origins := make([]string, len(r.Origins))
	for n, text := range r.Origins {
		var one setting.Origins
		if err := one.Decode(text); err != nil || len(one.List) != 1 {
			return fault.Invalid("origin", "not_an_origin", "Write scheme, host and port of a page, without a path, such as https://app.example. There are no wildcards.")
		}
		origins[n] = one.List[0]
	}
	r.Origins, err = distinct("origin", origins)
	return err
}

func (r *Registration) checkAudiences() (err error) {
	if r.Audiences, err = distinct("audience", r.Audiences); err != nil {
		return err
	}
	if r.May(ClientCredentials) && len(r.Audiences) == 0 {
		return fault.Invalid("audience", "required", "The grant client_credentials needs an API that the tokens are for.")
	}
	return nil
}

// distinct returns the entries in their order, each once, and never nil.
func distinct(field string, entries []string) ([]string, error) {
	once := make([]string, 0, len(entries))
	for _, entry := range entries {
		if !slices.Contains(once, entry) {
			once = append(once, entry)
		}
	}
	if len(once) > maxEntries {
		return nil, fault.Invalid(field, "too_many", "Use at most 50.")
	}
	return once, nil
}
