package page_test

import (
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/httpapi/page"
)

func TestTimesAreRoundedUp(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		0: "a few seconds", 10 * time.Second: "a few seconds", 11 * time.Second: "11 seconds", 59*time.Second + 1: "60 seconds", time.Minute + 1: "2 minutes",
		time.Hour: "60 minutes", time.Hour + 1: "2 hours", 24 * time.Hour: "24 hours",
	} {
		if got := page.InWords(wait); got != want {
			t.Errorf("%v: %q, want %q", wait, got, want)
		}
	}
}

func TestDevicesHaveNames(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"": "An unknown program", "curl/8.5.0": "curl/8.5.0", "x\xff y": "x",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                     "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                      "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                            "Chrome on Android",
		"okhttp-with-a-name-that-goes-on-and-on-and-on/1.0":                                                                                          "okhttp-with-a-name-that-goes-on-",
	} {
		if got := page.DeviceOf(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}

func TestPlaceOfAnAppIsItsHost(t *testing.T) {
	t.Parallel()
	for redirect, want := range map[string]string{
		"https://reading.test/callback": "reading.test", "https://reading.test:8443/x?y=z": "reading.test:8443",
		"http://127.0.0.1:4711/callback": "A program on this device, at 127.0.0.1:4711", "http://[::1]:4711/": "A program on this device, at [::1]:4711",
		"test.books.reading:/callback": "A program on this device, test.books.reading",
	} {
		if got := page.PlaceOf(redirect); got != want {
			t.Errorf("%s: %q, want %q", redirect, got, want)
		}
	}
}
