package password

// Reparse reads a PHC string and writes it back, without hashing.
func Reparse(phc string) (string, error) {
	r, err := parse(phc)
	if err != nil {
		return "", err
	}
	return r.String(), nil
}

// Common is the list of common passwords.
func Common() string { return string(common) }

// CommonBits looks a word up in it.
func CommonBits(word string) (bits int, listed bool) { return common.bits(word) }

// CommonForm is the form in which passwords are compared with the list.
func CommonForm(word string) string { return withoutSeparators(foldCase(word)) }
