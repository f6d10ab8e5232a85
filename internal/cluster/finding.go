package cluster

import "strings"

// Finding is a problem, and the command that fixes it.
type Finding struct{ Problem, Fix string }

func (f Finding) Error() string { return f.Problem + ": " + f.Fix }

// OneLine gives the text of an error without its line breaks.
func OneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// Shorten puts a text on one line, and cuts it where it gets too long to read.
func Shorten(text string) string {
	const most = 240
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
