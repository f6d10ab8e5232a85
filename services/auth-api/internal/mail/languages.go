package mail

import "strings"

// languages are all in which there are texts.
func languages() []language { return []language{english(), german()} }

// languageOf is the language of a BCP 47 tag, such as de-AT; English if there are no texts in
// it.
func languageOf(tag string) language {
	primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
	for _, l := range languages() {
		if l.tag == primary {
			return l
		}
	}
	return english()
}
