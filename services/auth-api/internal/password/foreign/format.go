package foreign

// Format is how a hash is written.
type Format string

// The closed set of formats.
const (
	// Bcrypt is $2a$, $2b$ or $2y$.
	Bcrypt Format = "bcrypt"
	// Scrypt is $scrypt$ln=…,r=…,p=…$salt$hash, of PHC and of passlib.
	Scrypt Format = "scrypt"
	// PBKDF2 is $pbkdf2-sha256$i=…[,l=…]$salt$hash, of PHC.
	PBKDF2 Format = "pbkdf2"
	// Passlib is $pbkdf2-sha256$rounds$salt$hash, of Python's passlib.
	Passlib Format = "passlib-pbkdf2"
	// Django is pbkdf2_sha256$iterations$salt$hash.
	Django Format = "django"
	// Keycloak is the JSON of a credential.
	Keycloak Format = "keycloak"
	// Argon2 is $argon2id$ or $argon2i$, of PHC.
	Argon2 Format = "argon2"
	// SHACrypt is $5$ or $6$, of crypt(3).
	SHACrypt Format = "sha-crypt"
	// Firebase is a JSON object with hash and salt.
	Firebase Format = "firebase"
)

// Formats are all formats.
func Formats() []Format {
	return []Format{Bcrypt, Scrypt, PBKDF2, Passlib, Django, Keycloak, Argon2, SHACrypt, Firebase}
}

func names() (all []string) {
	for _, f := range Formats() {
		all = append(all, string(f))
	}
	return all
}

// parser is nil for an unknown format.
func parser(f Format, keys FirebaseKeys) func(text string) (scheme, error) {
	switch f {
	case Bcrypt:
		return parseBcrypt
	case Scrypt:
		return parseScrypt
	case PBKDF2:
		return parsePBKDF2
	case Passlib:
		return parsePasslib
	case Django:
		return parseDjango
	case Keycloak:
		return parseKeycloak
	case Argon2:
		return parseArgon2
	case SHACrypt:
		return parseSHACrypt
	case Firebase:
		return func(text string) (scheme, error) { return parseFirebase(text, keys) }
	}
	return nil
}
