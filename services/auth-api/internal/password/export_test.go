package password

// Reparse reads a PHC string and writes it back, without hashing.
func Reparse(phc string) (string, error) {
	r, err := parse(phc)
	if err != nil {
		return "", err
	}
	return r.String(), nil
}
