package page

import (
	"context"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/services/auth-api/internal/oauth"
	"auth.books.test/services/auth-api/internal/servicekey"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify"
)

// Requests answers authorization requests; oauth.Service implements it.
type Requests interface {
	Begin(ctx context.Context, p oauth.Params) (oauth.Request, error)
	Seal(r oauth.Request, browser string) (oauth.Sealed, error)
	Open(sealed oauth.Sealed, browser string) (oauth.Request, error)
	Next(ctx context.Context, r oauth.Request, who oauth.Person) (oauth.Next, error)
	Deny(ctx context.Context, r oauth.Request) (oauth.Next, error)
}

// Apps lists and ends what a person has let in; oauth.Service implements it.
type Apps interface {
	Allowed(ctx context.Context, account uuid.UUID) ([]oauth.Allowed, error)
	EndApp(ctx context.Context, account, client uuid.UUID) error
}

// Sessions is what the pages need of sessions; session.Service implements it.
type Sessions interface {
	End(ctx context.Context, account, id uuid.UUID, reason authorization.Reason) error
	EndAll(ctx context.Context, account, keep uuid.UUID) error
	List(ctx context.Context, account uuid.UUID) ([]session.Session, error)
}

// Verifier verifies the token in a browser's cookie; direct.Verifier implements it.
type Verifier interface {
	VerifyBrowser(ctx context.Context, cookie string) (*verify.Principal, error)
}

// Options are the parts of a Service. All are required, except Hints.
type Options struct {
	Requests Requests
	Apps     Apps
	Words    Words
	Clients  Clients
	// Hints may be nil: then no ID tokens are made either.
	Hints        Hints
	Login        signin.Login
	Registration signin.Registration
	Resets       signin.Resets
	Passwords    signin.Passwords
	Names        Names
	Exports      Exports
	Events       Events
	Factors      Factors
	Passkeys     Passkeys
	Enrolments   signin.Factors
	Sessions     Sessions
	Personal     Personal
	Verifier     Verifier
	// Ring makes the tokens of forms.
	Ring   *servicekey.Ring
	Random io.Reader
	Now    func() time.Time
	// Issuer is the URL of this service: forms come from there.
	Issuer string
	// Name is what the service is called on its pages.
	Name string
	// Accent is the colour of buttons and links, as #rrggbb.
	Accent  string
	Cookies Cookies
}

// Service answers the routes.
type Service struct {
	Options
	style style
}

// New makes a Service.
func New(o Options) *Service { return &Service{Options: o, style: newStyle(o.Accent)} }

// Add adds the routes.
func (s *Service) Add(app *fiber.App) {
	app.Get(s.style.sheet.path, s.style.sheet.serve)
	app.Get(s.style.icon.path, s.style.icon.serve)
	app.Get(s.style.script.path, s.style.script.serve)
	page := func(handle fiber.Handler) fiber.Handler { return s.withCookies(handle) }
	app.Get(route.Authorize, page(s.authorize))
	app.Post(route.Authorize, page(s.postAuthorize))
	app.Get(route.SignIn, page(s.showSignIn))
	app.Post(route.SignIn, page(s.signIn))
	app.Get(route.SignInCode, page(s.showCode))
	app.Post(route.SignInCode, page(s.secondStep))
	app.Post(route.SignInPasskey, page(s.signInWithPasskey))
	app.Get(route.Register, page(s.showRegister))
	app.Post(route.Register, page(s.register))
	app.Get(route.Reset, page(s.showReset))
	app.Post(route.Reset, page(s.reset))
	for _, m := range s.mailedPages() {
		app.Get(m.path+"/:id", page(s.showMailed(m)))
		app.Post(m.path+"/:id", page(s.takeMailed(m)))
	}
	app.Get(route.Consent, page(s.showConsent))
	app.Post(route.Consent, page(s.consent))
	app.Post(route.SignOut, page(s.signOut))
	app.Get(route.SignedOut, page(s.signedOut))
	app.Get(route.Logout, page(s.logout))
	app.Post(route.Logout, page(s.postLogout))
	app.Get(route.Account, page(s.account))
	app.Get(route.AccountName, page(s.showName))
	app.Post(route.AccountName, page(s.rename))
	app.Get(route.AccountPassword, page(s.showPassword))
	app.Post(route.AccountPassword, page(s.changePassword))
	app.Get(route.AccountFactor, page(s.showFactor))
	app.Post(route.NewFactor, page(s.beginFactor))
	app.Post(route.ConfirmFactor, page(s.confirmFactor))
	app.Post(route.RecoveryCodes, page(s.newRecoveryCodes))
	app.Post(route.FactorOff, page(s.removeFactor))
	app.Get(route.AccountPasskeys, page(s.showPasskeys))
	app.Post(route.AccountPasskeys, page(s.addPasskey))
	app.Post(route.RequirePasskeys, page(s.requirePasskey))
	app.Post(route.AccountPasskeys+"/:id"+route.End, page(s.removePasskey))
	app.Post(route.AccountExport, page(s.download))
	app.Get(route.AccountDelete, page(s.showDelete))
	app.Post(route.AccountDelete, page(s.deleteAccount))
	app.Post(route.OtherSessions, page(s.endOthers))
	app.Post(route.AccountSessions+"/:id"+route.End, page(s.endSession))
	app.Post(route.AccountApps+"/:id"+route.End, page(s.endApp))
	app.Get(route.AccountEvents, page(s.showEvents))
	app.Get(route.AccountAddress, page(s.showAddress))
	app.Post(route.AccountAddress, page(s.requestAddress))
	app.Get(route.AccountAddress+"/:id", page(s.showAddressCode))
	app.Post(route.AccountAddress+"/:id", page(s.changeAddress))
	app.Get(route.AccountTokens, page(s.showTokens))
	app.Post(route.AccountTokens, page(s.makeToken))
	app.Post(route.AccountTokens+"/:id"+route.End, page(s.endToken))
	app.Get(route.Home, func(c *fiber.Ctx) error { return seeOther(c, route.Account) })
}

// seeOther sends a browser on with a GET, also after a POST: 307 and 308 would repeat the
// form, and hand a password to wherever it leads.
func seeOther(c *fiber.Ctx, location string) error {
	openForPopups(c)
	return c.Redirect(location, fiber.StatusSeeOther)
}

// openForPopups lets apps that sign people in by a popup keep their hold on it. Browsers look at
// the policy of redirects as well.
func openForPopups(c *fiber.Ctx) { c.Set("Cross-Origin-Opener-Policy", "unsafe-none") }
