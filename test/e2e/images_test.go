//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"auth.books.test/internal/manifest"
)

// loadImages builds the services and brings them into the cluster: by the command
// in E2E_LOAD, which is given an image's name and a static binary that is to be
// its entrypoint; on Minikube by itself. Elsewhere they are taken to be there.
func loadImages(current string) error {
	load := os.Getenv("E2E_LOAD")
	if load == "" && current != "minikube" {
		fmt.Fprintln(os.Stderr, "E2E_LOAD is not set: the images of the services are those that are in the cluster.")
		return nil
	}
	if load == "" {
		load = minikubeLoad
	}
	images, err := ownImages()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "make", "build")
	build.Env = append(os.Environ(), "GOOS=linux")
	build.Dir, build.Stdout, build.Stderr = root, os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the services: %w", err)
	}
	for _, image := range images {
		name, _, _ := strings.Cut(filepath.Base(image), ":")
		binary, err := filepath.Abs(filepath.Join(root, "bin", name))
		if err != nil {
			return fmt.Errorf("find a binary: %w", err)
		}
		cmd := exec.CommandContext(ctx, "sh", "-c", load+` "$@"`, "sh", image, binary)
		cmd.Dir, cmd.Stdout, cmd.Stderr = root, os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("load %s with E2E_LOAD: %w", image, err)
		}
	}
	return nil
}

// minikubeLoad builds in Minikube's own container engine, as scripts/minikube-up.
const minikubeLoad = `build() {
  name=$(basename "$2") && dir=$(mktemp -d) && mkdir "$dir/bin" && cp "$2" "$dir/bin/" && cp "services/$name/Dockerfile" "$dir/" &&
  minikube --profile=minikube image build --tag="$1" --build-opt=target=host "$dir"
  status=$?; rm -rf "$dir"; return $status
}
build`

// ownImages are the images of the services in Minikube's overlay. Mailpit's is not ours.
func ownImages() (images []string, err error) {
	rendered, err := manifest.Render(filepath.Join(root, "kustomize/overlays/minikube"))
	if err != nil {
		return nil, err
	}
	set, err := manifest.Parse(rendered)
	if err != nil {
		return nil, err
	}
	for _, d := range set.Deployments {
		if image := d.Spec.Template.Spec.Containers[0].Image; strings.HasPrefix(image, "localhost:") && !slices.Contains(images, image) {
			images = append(images, image)
		}
	}
	return images, nil
}
