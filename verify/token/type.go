package token

// Type is what a token is for. It is the first part of the token's prefix.
type Type string

// The closed set of types. A client's secret (bcs) is not a token: see MintSecret.
const (
	// Access tokens are issued at sign-in.
	Access Type = "bat"
	// Personal tokens are created by a person for a script.
	Personal Type = "bpt"
	// Refresh tokens are exchanged for access tokens. APIs refuse them.
	Refresh Type = "brt"
	// Browser tokens are in a browser's cookie. APIs refuse them.
	Browser Type = "bsc"
)

const typeLength = 3

// Bearer reports whether an API may be called with a token of this type.
func (t Type) Bearer() bool { return t == Access || t == Personal }

func (t Type) known() bool { return t.Bearer() || t == Refresh || t == Browser }
