package device

import "strings"

// Names are those of the browser and the system that a user agent tells of; "" if it is not
// one of those that are known. They come from a closed list: a user agent is whatever a caller
// writes.
func Names(agent string) (browser, system string) {
	return firstOf(agent, [][2]string{
			{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS", "Firefox"}, {"CriOS", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
		}), firstOf(agent, [][2]string{
			{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
		})
}

// firstOf returns the name that belongs to the first mark in the text.
func firstOf(text string, marks [][2]string) string {
	for _, m := range marks {
		if strings.Contains(text, m[0]) {
			return m[1]
		}
	}
	return ""
}
