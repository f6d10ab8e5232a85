package token

// Type is what a token is for. It is the first part of the token's prefix.
type Type string

// The closed set of types. A client's secret (bcs) is no token: see MintSecret.
const (
	// Access tokens are given out at sign-in.
	Access Type = "bat"
	// Personal tokens are made by a person for a script.
	Personal Type = "bpt"
	// Refresh tokens are exchanged for access tokens, and open no API.
	Refresh Type = "brt"
	// Browser tokens are a browser's cookie, and open no API.
	Browser Type = "bsc"
)

const typeLength = 3

// Bearer says whether an API may be called with a token of this type.
func (t Type) Bearer() bool { return t == Access || t == Personal }

func (t Type) known() bool { return t.Bearer() || t == Refresh || t == Browser }
