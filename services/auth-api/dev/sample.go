package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"auth.books.test/internal/wholefile"
	"auth.books.test/services/auth-api/internal/app"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/fault"
)

// The sample: an account that can sign in from the start, and an API with a role for it.
const (
	sampleEmail    = "ada@books.test"
	samplePassword = "notes on the analytical engine"
	sampleAudience = "books"
	sampleRole     = "editor"
)

// seed creates what is missing of the sample, and returns the credentials of its client,
// which are stored in the file.
func seed(ctx context.Context, c config.Config, file string) (client.Credentials, error) {
	a, err := app.New(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return client.Credentials{}, err
	}
	defer a.Close()
	scopes := []string{"books:read", "books:write"}
	for _, step := range []func() error{
		func() error { return a.Accounts.Seed(ctx, sampleEmail, samplePassword) },
		func() error { return a.Resources.Create(ctx, sampleAudience, scopes) },
		func() error { return a.Resources.CreateRole(ctx, sampleAudience, sampleRole, scopes) },
		func() error { return a.Resources.Assign(ctx, sampleEmail, sampleAudience, sampleRole) },
	} {
		if err := step(); err != nil && fault.CodeOf(err) != fault.AlreadyExists {
			return client.Credentials{}, fmt.Errorf("seed the sample: %w", err)
		}
	}
	credentials, err := sampleClient(ctx, a, file)
	if err != nil {
		return client.Credentials{}, fmt.Errorf("seed the sample client: %w", err)
	}
	return credentials, nil
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
	made, err := a.Clients.Create(ctx, sampleAudience, "sample")
	if err != nil {
		return client.Credentials{}, err
	}
	return made, wholefile.Replace(file, []byte(made.ID.String()+":"+made.Secret+"\n"), 0o600)
}
