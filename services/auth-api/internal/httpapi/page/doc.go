// Package page serves the pages for people: sign in, register, consent, signed out, and the
// account. They work without JavaScript, and their content security policy allows none.
//
// Pages are plain Go functions (gomponents), which the compiler checks. Templates call methods
// by name, so that the linker keeps every exported method of the program: libraries do that
// already (swgui, envconfig), and pages are not one reason more. They have a third of a MiB of
// the program's 38, and gomponents 5 KiB.
//
// What an app asks for travels as a sealed request (package oauth) in the URLs and forms of
// these pages, never as a URL to return to. /oauth/authorize decides each time what comes
// next:
//
//	an app's link ─▶ /oauth/authorize ─▶ /sign-in or /register ─▶ /oauth/authorize?request=…
//	                        │                                             │
//	                        ├──────────────▶ /consent ──────────────────▶─┤
//	                        ▼                                             ▼
//	               303 back to the app                     a page that leads to the app
//
// form-action 'self' also forbids redirects that follow a form, wherever they lead. So a
// browser that comes from one of our forms gets a page which moves on by itself.
//
// By file: authorize.go, signin.go, register.go, consent.go, signout.go and account.go have a
// route each; visit.go says who is there, guard.go whether a form is ours, cookie.go has the
// cookies, fail.go answers errors; frame.go, parts.go and style.go are what pages are made of.
package page
