package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"auth.books.test/internal/wholefile"
	"auth.books.test/services/auth-api/internal/app"
	"auth.books.test/services/auth-api/internal/cli"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// The sample: an account that can sign in from the start, and an API with a role for it.
const (
	sampleEmail    = "ada@books.test"
	samplePassword = "notes on the analytical engine"
	sampleAudience = "books"
	sampleRole     = "editor"
)

// seeded are the clients of the sample.
type seeded struct {
	books client.Credentials
	// shelf is the id of the sample app, docs that of the page /docs. Both are public.
	shelf, docs string
}

// seed creates what is missing of the sample. The credentials of its clients are stored in
// the folder.
func seed(ctx context.Context, c config.Config, dir string) (made seeded, err error) {
	a, err := app.New(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return seeded{}, err
	}
	defer a.Close()
	ctx = cli.AsOperator(ctx)
	scopes := []string{"books:read", "books:write"}
	for _, step := range []func() error{
		func() error { return a.Accounts.Seed(ctx, sampleEmail, samplePassword) },
		func() error { return a.Resources.Create(ctx, sampleAudience, scopes) },
		func() error { return a.Resources.CreateRole(ctx, sampleAudience, sampleRole, scopes) },
		func() error { return a.Resources.Assign(ctx, sampleEmail, sampleAudience, sampleRole) },
	} {
		if err := step(); err != nil && fault.CodeOf(err) != fault.AlreadyExists {
			return seeded{}, fmt.Errorf("seed the sample: %w", err)
		}
	}
	if made.books, err = sampleClient(ctx, a, filepath.Join(dir, "books.client")); err != nil {
		return seeded{}, fmt.Errorf("seed the sample client: %w", err)
	}
	shelf := client.App{Name: shelfName, RedirectURIs: []string{redirectOf()}, Audiences: []string{sampleAudience}}
	if made.shelf, err = sampleApp(ctx, a, filepath.Join(dir, "shelf.client"), shelf); err != nil {
		return seeded{}, fmt.Errorf("seed the sample app: %w", err)
	}
	docs := client.App{Name: "API documentation", RedirectURIs: docsRedirects(c.Issuer.URL), Audiences: []string{sampleAudience}, FirstParty: true}
	if made.docs, err = sampleApp(ctx, a, filepath.Join(dir, "docs.client"), docs); err != nil {
		return seeded{}, fmt.Errorf("seed the app of /docs: %w", err)
	}
	return made, nil
}

// sampleApp registers a public app on the device: any port of loopback will do for it.
func sampleApp(ctx context.Context, a *app.App, file string, of client.App) (id string, err error) {
	kept, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if known, err := uuid.Parse(strings.TrimSpace(string(kept))); err == nil {
		err := a.Clients.Check(ctx, known)
		if err == nil || fault.CodeOf(err) != fault.ClientNotFound {
			return known.String(), err
		}
	}
	of.Authentication, of.Native, of.Grants = client.NoSecret, true, []client.Grant{client.AuthorizationCode, client.RefreshToken}
	made, err := a.Clients.Create(ctx, client.Registration{App: of})
	if err != nil {
		return "", err
	}
	return made.ID.String(), wholefile.Replace(file, []byte(made.ID.String()+"\n"), 0o600)
}

// docsRedirects are where a sign-in of the page /docs comes back to, under each name that a
// browser may have for this machine.
func docsRedirects(issuer string) (uris []string) {
	for _, base := range []string{issuer, "http://127.0.0.1", "http://localhost"} {
		uris = append(uris, base+route.DocsSignedIn)
	}
	return uris
}

func sampleClient(ctx context.Context, a *app.App, file string) (client.Credentials, error) {
	if _, err := a.Clients.ReconcileOnce(ctx); err != nil {
		return client.Credentials{}, err
	}
	kept, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return client.Credentials{}, err
	}
	id, secret, _ := strings.Cut(strings.TrimSpace(string(kept)), ":")
	known, err := a.Callers.Authenticate(ctx, id, secret)
	if err == nil {
		return client.Credentials{ID: known.ID, Secret: secret}, nil
	}
	if fault.CodeOf(err) != fault.InvalidClient {
		return client.Credentials{}, err
	}
	made, err := a.Clients.Create(ctx, client.Registration{Audience: sampleAudience, App: client.App{Name: "sample"}})
	if err != nil {
		return client.Credentials{}, err
	}
	return made, wholefile.Replace(file, []byte(made.ID.String()+":"+made.Secret+"\n"), 0o600)
}
