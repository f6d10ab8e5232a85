package mail

import "strings"

// languages are all in which there are texts.
func languages() []language { return []language{english(), german()} }

// Accepted is the language of the texts that fits what a browser accepts (RFC 9110, section
// 12.5.4), which lists what it prefers first; "" is English.
func Accepted(header string) string {
	for entry := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(entry, ";")
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		for _, l := range languages() {
			if l.tag == primary {
				return l.tag
			}
		}
	}
	return ""
}

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
