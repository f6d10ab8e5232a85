package page

import (
	"errors"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// Answer answers an error of any route of this package with a page.
func (s *Service) Answer(c *fiber.Ctx, err error) error { return s.fail(c, err) }

// fail is a page that says what went wrong and what to do.
func (s *Service) fail(c *fiber.Ctx, err error) error {
	p := problem.Of(err)
	status := s.note(c, p)
	title, words := s.explain(p, retryAfter(err))
	return s.render(c, status, view{title: title, wrong: true, body: g.Group{
		h.H1(g.Text(title)),
		h.P(g.Text(words)),
		h.P(h.A(h.Href(route.Account), g.Text("Go to your account"))),
	}})
}

// refuse shows a form again with what is wrong with it, and whatever was typed but passwords.
// Errors that are about no field stand above the form.
func (s *Service) refuse(c *fiber.Ctx, err error, form func([]mistake) view) error {
	return s.refuseCode(c, err, "The code is wrong, too old, or was used. Read it in the newest mail, or ask for a new one.", form)
}

// refuseCode is refuse for forms with a code that was not mailed: wrong is said of one that is
// wrong.
func (s *Service) refuseCode(c *fiber.Ctx, err error, wrong string, form func([]mistake) view) error {
	p := problem.Of(err)
	var found []mistake
	for _, field := range p.Errors {
		found = append(found, mistake{field: field.Location, words: field.Detail})
	}
	if p.Code == fault.InvalidCredentials {
		found = append(found, mistake{field: "password", words: "The e-mail address or the password is wrong."})
	}
	if p.Code == fault.WrongPassword {
		found = append(found, mistake{field: currentField, words: "The current password is wrong. If you have lost it, sign out and set a new one."})
	}
	if p.Code == fault.InvalidCode {
		found = append(found, mistake{field: "code", words: wrong})
	}
	if len(found) > 0 {
		request.Note(c.UserContext(), p)
		return s.render(c, fiber.StatusUnprocessableEntity, form(found))
	}
	status := s.note(c, p)
	_, words := s.explain(p, retryAfter(err))
	return s.render(c, status, form([]mistake{{words: words}}))
}

// note records a problem for the log, sets its headers, and returns its status.
func (s *Service) note(c *fiber.Ctx, p *problem.Problem) int {
	request.Note(c.UserContext(), p)
	for name, values := range p.GetHeaders() {
		c.Set(name, values[0])
	}
	if p.Code == fault.ClientNotFound {
		return fiber.StatusBadRequest // The page is there; the link is wrong.
	}
	return p.Status
}

// explain says what went wrong and what to do, in the words of people who have never heard
// of an API.
func (s *Service) explain(p *problem.Problem, wait time.Duration) (title, words string) {
	switch p.Code {
	case fault.TooManyAttempts:
		return "Too many attempts", "There were too many attempts. Try again in " + inWords(wait) + "."
	case fault.Busy:
		return "Many people are signing in", "Nothing is wrong with what you typed. Try again in " + inWords(wait) + "."
	case fault.StoreUnavailable, fault.ChangeUnderWay:
		return "This does not work right now", "Nothing is wrong with what you did. Try again in " + inWords(wait) + "."
	case fault.AccountDisabled:
		return "This account is disabled", "This account is disabled. Ask whoever runs " + s.Name + "."
	case fault.InvalidPasskey:
		return "This passkey does not work", p.Detail
	case fault.AlreadyExists:
		return "This is there already", p.Detail
	case fault.MailNotConfigured:
		return "Nobody can reset a password here", "Ask whoever runs " + s.Name + " for a new one."
	case fault.ClientNotFound:
		return "This app is not known here", "The app is not registered at " + s.Name + ", or was disabled. Tell whoever runs the app."
	case fault.RequestExpired:
		return "This page is too old", p.Detail
	case fault.MalformedRequest, fault.UnsupportedMediaType:
		return "This link does not work", p.Detail
	case fault.BodyTooLarge:
		return "This is too much", "What was sent is larger than such a form can be. Go back and send less."
	case fault.MethodNotAllowed, fault.RouteNotFound:
		return "There is nothing here", "There is no page at this address."
	}
	return "Something went wrong", "Try again. If it goes on, tell whoever runs " + s.Name + " when it happened."
}

// retryAfter is when to try again.
func retryAfter(err error) time.Duration {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.RetryAfter
	}
	return 0
}

// inWords rounds a time up, so that nobody comes too early.
func inWords(d time.Duration) string {
	up := func(unit time.Duration) int { return int((d + unit - 1) / unit) }
	switch {
	case d <= 10*time.Second:
		return "a few seconds"
	case d <= time.Minute:
		return count(up(time.Second), "second")
	case d <= time.Hour:
		return count(up(time.Minute), "minute")
	}
	return count(up(time.Hour), "hour")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// needsTLS is for whoever runs the service: nobody else can mend it.
func (s *Service) needsTLS() view {
	const title = "These pages need https"
	return view{title: title, wrong: true, body: g.Group{
		h.H1(g.Text(title)),
		h.P(g.Text("AUTH_API_ISSUER is " + s.Issuer + ". Whoever reads the network could take a session, so that nobody can sign in here.")),
		h.P(g.Text("Serve it by https and write the issuer so. On a network of your own, for development: AUTH_API_INSECURE_COOKIES=true.")),
	}}
}
