// Command kubernetes authenticates a token as Kubernetes' API server does, with its own code:
// by the AuthenticationConfiguration in the file of its first argument. It reads the token from
// standard input, and prints the name and the groups of the user.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/oidc"
)

// start is how long the authenticator may take to read the issuer's metadata.
const start = 30 * time.Second

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	token, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	decoded, err := runtime.Decode(serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDecoder(), text)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	config := decoded.(*apiserver.AuthenticationConfiguration)
	ctx, cancel := context.WithTimeout(context.Background(), start)
	defer cancel()
	ca, err := dynamiccertificates.NewStaticCAContent("issuer", []byte(config.JWT[0].Issuer.CertificateAuthority))
	if err != nil {
		return fmt.Errorf("read the issuer's certificate: %w", err)
	}
	authenticator, err := oidc.New(ctx, oidc.Options{JWTAuthenticator: config.JWT[0], CAContentProvider: ca, SupportedSigningAlgs: []string{"RS256"}})
	if err != nil {
		return fmt.Errorf("make the authenticator: %w", err)
	}
	for authenticator.HealthCheck() != nil {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the issuer cannot be read: %w", authenticator.HealthCheck())
		case <-time.After(50 * time.Millisecond):
		}
	}
	response, known, err := authenticator.AuthenticateToken(ctx, strings.TrimSpace(string(token)))
	if err != nil || !known {
		return fmt.Errorf("the token is refused: %w", err)
	}
	fmt.Println(response.User.GetName(), strings.Join(response.User.GetGroups(), " "))
	return nil
}
