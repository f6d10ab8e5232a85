package main_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"auth.books.test/internal/devstack/devtest"
)

// python finds an interpreter that has FastAPI, or skips. Debian's comes first: another
// in PATH does not have Debian's packages.
func python(t *testing.T) string {
	t.Helper()
	for _, path := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(path, "-c", "import fastapi, uvicorn").Run() == nil {
			return path
		}
	}
	t.Skip("SKIPPED, no FastAPI: its page was not tried as another origin. Install python3-fastapi and python3-uvicorn to run this test.")
	return ""
}

// swaggerUI has the files of Swagger UI that auth-api serves.
func (a *api) swaggerUI() (dir string) {
	a.t.Helper()
	dir = a.t.TempDir()
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"} {
		got := a.call("GET", "/docs/"+name, "", nil)
		a.want(got, http.StatusOK, "")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(got.raw), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return dir
}

// A page of another origin signs in here, calls its own API with the token, and reads
// whatever it is answered here: with the headers of Swagger UI and of OpenTelemetry's
// browser SDK.
func TestFastAPIsPageOfAnotherOriginWorks(t *testing.T) {
	t.Parallel()
	browser(t)
	interpreter := python(t)
	// The socket is opened here, as its address must be known before.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	origin := "http://" + l.Addr().String()
	a := start(t, func(s settings) { s["AUTH_API_PASSWORD_GRANT"], s["AUTH_API_CORS_ORIGINS"] = "true", origin })
	a.library()
	books := a.client("books")

	log := &devtest.Output{}
	cmd := exec.Command(interpreter, "-m", "uvicorn", "main:app", "--fd", "3")
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = "testdata/fastapi", log, log, []*os.File{socket}
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "AUTH_URL="+a.url, "CLIENT_ID="+books.id, "CLIENT_SECRET="+books.secret, "SWAGGER_UI="+a.swaggerUI())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = socket.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	devtest.Eventually(t, "FastAPI serves", func() bool {
		response, err := http.Get(origin + "/openapi.json")
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})

	p := newPage(t)
	const operation = "#operations-default-books_books_get "
	p.step("open FastAPI's page", chromedp.Navigate(origin+"/docs"), chromedp.WaitVisible(chromedp.CSS(".btn.authorize")))
	p.signIn()
	p.press(operation+".opblock-summary-control", operation+".try-out__btn")
	p.press(operation+".try-out__btn", operation+".execute")
	p.press(operation+".execute", operation+".live-responses-table .response-col_status")
	if answer := p.text(operation + ".live-responses-table"); !strings.Contains(answer, "200") || !strings.Contains(answer, email) || !strings.Contains(answer, "books:read") {
		t.Errorf("the page shows:\n%s\nFastAPI: %s", answer, log)
	}

	token, _ := a.signIn(email, password)
	for _, c := range []struct {
		method, path, body, want string
	}{
		{"GET", "/v1/accounts/me", "", "200"},
		{"GET", "/v1/accounts/me?nothing=1", "", "422 validation_failed"},
		{"GET", "/v1/nothing", "", "404 route_not_found"},
		{"PUT", "/v1/accounts/me", "", "405 method_not_allowed Allow"},
		{"PATCH", "/v1/accounts/me", `{"name":"` + strings.Repeat("a", 5000) + `"}`, "413 body_too_large"},
		{"PATCH", "/v1/accounts/me", `{"name":7}`, "422 validation_failed"},
		{"DELETE", "/v1/sessions/current", "", "204"},
		{"GET", "/v1/accounts/me", "", "401 invalid_token WWW-Authenticate"},
	} {
		got := evaluate[string](p, `fetch("`+a.url+c.path+`", {
			method: "`+c.method+`", body: `+"`"+c.body+"`"+` || undefined,
			headers: {
				"Authorization": "Bearer `+token+`", "Content-Type": "application/json", "X-Requested-With": "XMLHttpRequest",
				"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b", "baggage": "user=ada",
			},
		}).then(async r => [r.status, JSON.parse(await r.text() || "{}").code, ...["Allow", "WWW-Authenticate"].filter(h => r.headers.get(h)),
			r.headers.get("X-Request-Id") ? null : "has no id"].filter(x => x).join(" "), e => String(e))`)
		if got != c.want {
			t.Errorf("%s %s: the page reads %q, want %q", c.method, c.path, got, c.want)
		}
	}
}
