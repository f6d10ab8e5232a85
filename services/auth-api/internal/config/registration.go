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

// RegistrationOpen reports whether anybody can make an account: AUTH_API_REGISTRATION is
// open, and codes can be mailed that prove addresses.
func (c *Config) RegistrationOpen() bool { return c.Registration == open && c.SendsMail() }

// RegistrationLacksMail reports whether registration would be open if mails were sent.
func (c *Config) RegistrationLacksMail() bool { return c.Registration == open && !c.SendsMail() }

// OpenRegistration sets AUTH_API_REGISTRATION to open.
func (c *Config) OpenRegistration() { c.Registration = open }
