package adopt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	// Which module paths Go takes; the Go project's own.
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"auth.books.test/internal/manifest"
	"auth.books.test/verify/storeurl"
)

// Names are what a repository is called by.
type Names struct {
	// Module is the path of the Go module, such as git.example.org/team/auth.
	Module string
	// Domain is that of the services, such as example.org: they are auth.example.org and, of
	// the name of each other, helloworld.example.org.
	Domain string
	// Registry is where clusters take images from, such as registry.example.org/auth.
	Registry string
	// Namespace is that of the platform in the clusters, such as auth.
	Namespace string
}

// issuer is the setting in which an overlay names the service.
var issuer = regexp.MustCompile(`(?m)^AUTH_API_ISSUER=https?://auth\.(\S+)$`)

// Current reads the names that a repository has now.
func Current(dir string) (Names, error) {
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return Names{}, fmt.Errorf("read the module's name: %w", err)
	}
	config := filepath.Join("kustomize", "overlays", "gke", "config.env")
	text, err := os.ReadFile(filepath.Join(dir, config))
	if err != nil {
		return Names{}, fmt.Errorf("read the domain: %w", err)
	}
	found := issuer.FindSubmatch(text)
	if found == nil {
		return Names{}, fmt.Errorf("read the domain: %s names no AUTH_API_ISSUER=https://auth.…", config)
	}
	registry, err := currentRegistry(filepath.Join(dir, "kustomize", "overlays", "gke", "kustomization.yaml"))
	if err != nil {
		return Names{}, fmt.Errorf("read the registry: %w", err)
	}
	return Names{Module: modfile.ModulePath(mod), Domain: string(found[1]), Registry: registry, Namespace: manifest.Namespace(dir, "gke")}, nil
}

func currentRegistry(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var overlay struct {
		Images []struct{ Name, NewName string }
	}
	if err := yaml.Unmarshal(text, &overlay); err != nil {
		return "", err
	}
	for _, image := range overlay.Images {
		if registry, found := strings.CutSuffix(image.NewName, "/auth-api"); found && image.Name == "auth-api" {
			return registry, nil
		}
	}
	return "", fmt.Errorf("%s gives the image auth-api no newName that ends with /auth-api", file)
}

// Check says what is wrong with names that are to be taken.
func (n Names) Check() error {
	if err := module.CheckPath(n.Module); err != nil {
		return fmt.Errorf("--module: %w. Example: git.example.org/team/auth", err)
	}
	if strings.HasPrefix(n.Module, "auth."+n.Domain) {
		return fmt.Errorf("--module: it begins with auth.%s, the host's name: the next adoption could not tell the two apart. Example: git.%[1]s/team/auth", n.Domain)
	}
	if err := CheckDomain(n.Domain); err != nil {
		return err
	}
	if !registryName.MatchString(n.Registry) {
		return errors.New("--registry: write host and folder in lower case, without a scheme and a tag, such as registry.example.org/auth")
	}
	return CheckNamespace(n.Namespace)
}

// CheckDomain says what is wrong with the domain of services.
func CheckDomain(domain string) error {
	if err := storeurl.CheckHost(domain); err != nil || !strings.Contains(domain, ".") || strings.ToLower(domain) != domain {
		return errors.New("--domain: write a domain in lower case, such as example.org; the services are auth.example.org and helloworld.example.org")
	}
	return nil
}

// CheckNamespace says what is wrong with a namespace.
func CheckNamespace(namespace string) error {
	if problems := validation.IsDNS1123Label(namespace); len(problems) > 0 {
		return fmt.Errorf("--namespace: %s", strings.Join(problems, ", "))
	}
	return nil
}

// registryName is the part of a reference to an image before the image's own name, as
// github.com/distribution/reference has it.
var registryName = regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`)
