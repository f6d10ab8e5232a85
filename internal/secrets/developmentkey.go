package secrets

import (
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// DevelopmentKey is the private key that a folder of sealed secrets has beside it: Minikube's only, which is public.
// Error: fs.ErrNotExist, if there is none.
func DevelopmentKey(dir string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, "key", "secret.yaml"))
	if err != nil {
		return nil, err
	}
	var s corev1.Secret
	if err := yaml.UnmarshalStrict(b, &s); err != nil {
		return nil, fmt.Errorf("read the development key: %w", err)
	}
	return []byte(s.StringData["tls.key"]), nil
}
