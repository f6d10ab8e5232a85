package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	// Reads from a terminal without echo.
	"golang.org/x/term"
)

// maxStdin is longer than any password. It keeps a wrong file from being read whole.
const maxStdin = 4 << 10

// readPassword asks for a new password twice on a terminal, without echo. fromStdin reads
// it from standard input instead, as scripts need.
func readPassword(cmd *cobra.Command, fromStdin bool) (string, error) {
	if fromStdin {
		return passwordFrom(cmd.InOrStdin())
	}
	terminal, is := cmd.InOrStdin().(*os.File)
	if !is || !term.IsTerminal(int(terminal.Fd())) {
		return "", errors.New("standard input is no terminal: use --password-stdin to read the password from it, or --generate")
	}
	first, err := ask(cmd.ErrOrStderr(), terminal, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := ask(cmd.ErrOrStderr(), terminal, "Again: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two passwords differ")
	}
	return first, nil
}

func ask(prompt io.Writer, terminal *os.File, question string) (string, error) {
	fmt.Fprint(prompt, question)
	typed, err := term.ReadPassword(int(terminal.Fd()))
	fmt.Fprintln(prompt)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(typed), nil
}

func passwordFrom(in io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxStdin))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if password == "" || strings.ContainsAny(password, "\r\n") {
		return "", errors.New("standard input must have the password and nothing else, in one line")
	}
	return password, nil
}
