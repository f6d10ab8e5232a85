package page

import "auth.books.test/services/auth-api/internal/audit"

// Colours is the part of the style sheet that depends on the accent colour.
func Colours(accent string) string { return colours(accent) }

// Sheet is the rest of it.
func Sheet() string { return sheet }

// Surfaces are those that text in the accent colour is made for.
func Surfaces() (light, dark string) { return lightSurface, darkSurface }

// InWords is a time in words.
var InWords = inWords

// DeviceOf names a device by its user agent.
var DeviceOf = deviceOf

// PlaceOf says where an app is.
var PlaceOf = placeOf

// EventWords and WordsOf are what the page of events says.
func EventWords(e audit.Recorded, app string) string { return eventWords(e, app) }

func WordsOf(v audit.Verb) (done, refused string) { return wordsOf(v, "") }
