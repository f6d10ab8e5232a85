package mail

import (
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
	"time"
)

// text is what a mail of one kind says in one language. A paragraph that is nothing but
// {code} or a link is set apart.
type text struct {
	subject    string
	paragraphs []string
}

// language is a language in which there are texts.
type language struct {
	// tag is BCP 47.
	tag    string
	texts  map[Kind]text
	months [12]string
	// on joins a browser and a system, such as "Firefox on Linux".
	date, on, unknownDevice, unknownAddress string
}

// words are a text whose parameters are filled in.
type words struct {
	language, subject string
	paragraphs        []paragraph
}

type paragraph struct {
	text           string
	isCode, isLink bool
}

// words fills in the parameters of a mail's text. It fails if one is missing, or is a link to
// somewhere else.
func (c *Composer) words(m Mail, queued time.Time) (words, error) {
	l := languageOf(m.Language)
	t, found := l.texts[m.Kind]
	if !found {
		return words{}, fmt.Errorf("there is no text for mails of the kind %s", m.Kind)
	}
	values := c.values(l, m, queued)
	w := words{language: l.tag, subject: t.subject}
	for _, p := range t.paragraphs {
		filled := paragraph{text: fill(p, values), isCode: p == "{code}", isLink: p == "{url}" || p == "{account}" || p == "{tokens}" || p == "{reset}"}
		if strings.ContainsAny(p, "{}") && filled.text == p {
			return words{}, fmt.Errorf("a parameter of a mail of the kind %s is missing in %q", m.Kind, p)
		}
		if filled.isLink && (c.Issuer == "" || !strings.HasPrefix(filled.text, c.Issuer+"/")) {
			return words{}, fmt.Errorf("a link in a mail of the kind %s does not begin with the issuer", m.Kind)
		}
		w.paragraphs = append(w.paragraphs, filled)
	}
	return w, nil
}

// values are the parameters of the texts. What a stranger has chosen, such as the name of a
// program, is not among them.
func (c *Composer) values(l language, m Mail, queued time.Time) map[string]string {
	values := map[string]string{
		"service": c.Service, "account": c.Issuer + "/account", "tokens": c.Issuer + "/account/tokens", "reset": c.Issuer + "/reset",
		"at":     l.moment(queued),
		"device": deviceWords(l, m.Data["browser"], m.Data["system"]), "address": l.unknownAddress,
	}
	if ends, err := time.Parse(time.RFC3339, m.Data["ends"]); err == nil {
		values["ends"] = l.moment(ends)
	}
	for _, name := range []string{"code", "url", "address", "name"} {
		if value := m.Data[name]; value != "" {
			values[name] = value
		}
	}
	return values
}

func (l language) moment(at time.Time) string {
	at = at.UTC()
	return fmt.Sprintf(l.date, at.Day(), l.months[at.Month()-1], at.Year(), at.Format("15:04"))
}

func deviceWords(l language, browser, system string) string {
	switch {
	case browser != "" && system != "":
		return browser + " " + l.on + " " + system
	case browser+system != "":
		return browser + system
	}
	return l.unknownDevice
}

// fill replaces each {name}. If a value is missing, it returns the paragraph as it is.
func fill(p string, values map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		pairs = append(pairs, "{"+name+"}", values[name])
	}
	for rest := p; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return strings.NewReplacer(pairs...).Replace(p)
		}
		name, behind, _ := strings.Cut(after, "}")
		if _, known := values[name]; !known {
			return p
		}
		rest = behind
	}
}

// text is the plain text.
func (w words) text() string {
	var out strings.Builder
	for n, p := range w.paragraphs {
		if n > 0 {
			out.WriteString("\n")
		}
		if p.isCode || p.isLink {
			out.WriteString("    ")
		}
		out.WriteString(p.text + "\n")
	}
	return out.String()
}

// html is the same as HTML, without anything that a mail program would have to fetch.
func (w words) html() string {
	var out strings.Builder
	fmt.Fprintf(&out, "<!doctype html>\n<html lang=\"%s\">\n<head><meta charset=\"utf-8\"><title>%s</title></head>\n<body style=\"font-family:sans-serif;font-size:16px;line-height:1.5;max-width:36em\">\n",
		w.language, html.EscapeString(w.subject))
	for _, p := range w.paragraphs {
		escaped := strings.ReplaceAll(html.EscapeString(p.text), "\n", "<br>\n")
		switch {
		case p.isCode:
			fmt.Fprintf(&out, "<p style=\"font-family:monospace;font-size:28px;letter-spacing:2px\"><strong>%s</strong></p>\n", escaped)
		case p.isLink:
			fmt.Fprintf(&out, "<p><a href=\"%[1]s\">%[1]s</a></p>\n", escaped)
		default:
			fmt.Fprintf(&out, "<p>%s</p>\n", escaped)
		}
	}
	out.WriteString("</body>\n</html>\n")
	return out.String()
}

// toText makes a text fit for a column: valid UTF-8 without NUL.
func toText(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "") }
