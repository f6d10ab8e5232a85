package config

// registration says whether strangers may make accounts for themselves.
type registration string

const (
	open   registration = "open"
	closed registration = "closed"
)

// Decode accepts open and closed.
func (r *registration) Decode(text string) error {
	*r = registration(text)
	return oneOf(string(open), string(closed))(text)
}

// RegistrationOpen reports whether AUTH_API_REGISTRATION is open.
func (c *Config) RegistrationOpen() bool { return c.Registration == open }

// OpenRegistration sets AUTH_API_REGISTRATION to open.
func (c *Config) OpenRegistration() { c.Registration = open }
