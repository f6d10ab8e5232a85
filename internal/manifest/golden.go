package manifest

import (
	"path/filepath"
	"strings"
)

// GoldenFolder has the golden files of a repository.
const GoldenFolder = "internal/manifest/testdata"

// tiltGolden shows how Tilt's overlay differs from Minikube's.
const tiltGolden = GoldenFolder + "/tilt.diff"

func goldenOf(env string) string { return GoldenFolder + "/" + env + ".yaml" }

// GoldenFiles are the paths of the golden files from the repository's root.
func GoldenFiles(dir string) (names []string) {
	for _, env := range Environments(dir) {
		names = append(names, goldenOf(env))
	}
	return append(names, tiltGolden)
}

// Goldens renders what reviewers compare with the golden files: the overlay of each environment, and
// how Tilt's differs from Minikube's. The keys are paths from the repository's root.
func Goldens(dir string) (map[string][]byte, error) {
	lines := map[string][]string{}
	environments := Environments(dir)
	for _, overlay := range append([]string{"tilt"}, environments...) {
		rendered, err := Render(filepath.Join(dir, "kustomize", "overlays", overlay))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(rendered)) {
			// Sealed values are left out, since they differ with every sealing.
			if before, value, found := strings.Cut(line, ": Ag"); found && len(value) > 100 {
				line = before + ": (sealed)\n"
			}
			lines[overlay] = append(lines[overlay], line)
		}
	}
	goldens := map[string][]byte{tiltGolden: []byte(difference(lines["minikube"], lines["tilt"]))}
	for _, overlay := range environments {
		goldens[goldenOf(overlay)] = []byte(strings.Join(lines[overlay], ""))
	}
	return goldens, nil
}

// difference returns the lines that only one of the texts has, grouped by the object that
// they are in.
func difference(a, b []string) string {
	// longest[i][j] is the length of the longest common subsequence of a[i:] and b[j:].
	longest := make([][]int, len(a)+1)
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if longest[i][j] = max(longest[i+1][j], longest[i][j+1]); a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			}
		}
	}
	var out strings.Builder
	var kind, said string
	write := func(sign, line string) {
		if kind != said {
			out.WriteString(kind)
			said = kind
		}
		out.WriteString(sign + line)
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			if strings.HasPrefix(a[i], "kind: ") {
				kind = a[i]
			}
			if strings.HasPrefix(a[i], "  name: ") {
				kind = strings.SplitAfter(kind, "\n")[0] + a[i]
			}
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			write("-", a[i])
			i++
		default:
			write("+", b[j])
			j++
		}
	}
	return out.String()
}
