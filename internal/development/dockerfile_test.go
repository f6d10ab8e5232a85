package development_test

import (
	"compress/gzip"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// stage is a part of a Dockerfile.
type stage struct {
	name, from   string
	instructions []string // with their arguments
}

// has gives the arguments of an instruction.
func (s stage) has(instruction string) (all []string) {
	for _, line := range s.instructions {
		if arguments, found := strings.CutPrefix(line, instruction+" "); found {
			all = append(all, arguments)
		}
	}
	return all
}

// services are the folders with a Dockerfile.
func services() (names []string) {
	files, _ := filepath.Glob(filepath.Join(root, "services", "*", "Dockerfile")) // its only error is a bad pattern
	for _, file := range files {
		names = append(names, filepath.Base(filepath.Dir(file)))
	}
	return names
}

// stages reads a Dockerfile, with the defaults of the arguments that stand before its first
// stage.
func stages(t *testing.T, service string) (all []stage) {
	t.Helper()
	text := strings.ReplaceAll(read(t, "services/"+service+"/Dockerfile"), "\\\n", " ")
	from := regexp.MustCompile(`^FROM (?:--platform=\S+ )?(\S+) AS (\S+)$`)
	arguments := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if argument, found := strings.CutPrefix(line, "ARG "); found && len(all) == 0 {
			name, otherwise, _ := strings.Cut(argument, "=")
			arguments[name] = otherwise
		}
		if found := from.FindStringSubmatch(line); found != nil {
			all = append(all, stage{name: found[2], from: os.Expand(found[1], func(name string) string { return arguments[name] })})
		} else if line != "" && line[0] != '#' && len(all) > 0 {
			all[len(all)-1].instructions = append(all[len(all)-1].instructions, strings.Join(strings.Fields(line), " "))
		}
	}
	return all
}

func stageOf(t *testing.T, service, name string) stage {
	t.Helper()
	all := stages(t, service)
	i := slices.IndexFunc(all, func(s stage) bool { return s.name == name })
	if i < 0 {
		t.Fatalf("%s has no stage %s", service, name)
	}
	return all[i]
}

func TestDockerfilesHaveTheirStages(t *testing.T) {
	t.Parallel()
	for _, service := range services() {
		var names []string
		for _, s := range stages(t, service) {
			names = append(names, s.name)
		}
		// Builders that make every stage up to the one they want need no base image for
		// host; what is built when none is named comes last.
		if !slices.Equal(names, []string{"host", "dev", "build", "release"}) {
			t.Errorf("%s: %v", service, names)
		}
	}
}

func TestImagesRunAsNobodyAndHoldNothingElse(t *testing.T) {
	t.Parallel()
	for _, service := range services() {
		for _, name := range []string{"host", "dev", "release"} {
			s := stageOf(t, service, name)
			if user := s.has("USER"); !slices.Equal(user, []string{"65532:65532"}) {
				t.Errorf("%s, %s: runs as %v", service, name, user)
			}
			if len(s.has("RUN")) > 0 || len(s.has("ADD")) > 0 || len(s.has("ENV")) > 0 {
				t.Errorf("%s, %s: %v", service, name, s.instructions)
			}
			if (name == "dev") != strings.HasPrefix(s.from, "busybox:1.") || name != "dev" && s.from != "scratch" {
				t.Errorf("%s, %s: is made from %s", service, name, s.from)
			}
			if entry := s.has("ENTRYPOINT"); len(entry) != 1 || entry[0][0] != '[' {
				t.Errorf("%s, %s: signals do not reach the program: %v", service, name, entry)
			}
			allowed := []string{"${BINARY} /" + service, "${BINARY} /app/" + service, "scripts/live /bin/live",
				"--from=build /" + service + " /" + service, "--from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt"}
			for _, source := range s.has("COPY") {
				if !slices.Contains(allowed, source) {
					t.Errorf("%s, %s: has %s", service, name, source)
				}
			}
		}
	}
}

func TestReleaseIsStaticAndForTheTargetsPlatform(t *testing.T) {
	t.Parallel()
	for _, service := range services() {
		build := stageOf(t, service, "build")
		command := strings.Join(build.has("RUN"), "\n")
		for _, part := range []string{"CGO_ENABLED=0", "GOOS=$TARGETOS GOARCH=$TARGETARCH", "-trimpath", "main.version=$VERSION", "main.commit=$COMMIT", "./services/" + service} {
			if !strings.Contains(command, part) {
				t.Errorf("%s: builds without %s", service, part)
			}
		}
		if arguments := strings.Join(build.has("ARG"), " "); !strings.Contains(arguments, "VERSION=") || !strings.Contains(arguments, "COMMIT=") {
			t.Errorf("%s: arguments %s", service, arguments)
		}
		if !strings.Contains(read(t, "services/"+service+"/Dockerfile"), "FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build") {
			t.Errorf("%s: another platform's image is compiled in emulation", service)
		}
	}
}

// `COPY . .` takes what .dockerignore leaves.
func TestContextLeavesOutWhatIsNotSource(t *testing.T) {
	t.Parallel()
	lines := strings.Split(read(t, ".dockerignore"), "\n")
	for _, ignored := range []string{".git", ".dev", "sealed-secrets"} {
		if !slices.Contains(lines, ignored) {
			t.Errorf("%s gets into the stage that compiles", ignored)
		}
	}
	if slices.Contains(lines, "bin") || slices.Contains(lines, "scripts") {
		t.Error("host and dev need bin and scripts/live")
	}
}

// binary compiles a service as for its images.
func binary(t *testing.T, service string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), service)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w -X main.version=v1.2.3", "-o", out, "./services/"+service)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if report, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, report)
	}
	return out
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// As a registry stores an image and a node pulls it: compressed.
func TestImagesAreUnder25MB(t *testing.T) {
	t.Parallel()
	for _, service := range services() {
		file, err := os.ReadFile(binary(t, service))
		if err != nil {
			t.Fatal(err)
		}
		var compressed counter
		w := gzip.NewWriter(&compressed)
		if _, err := w.Write(file); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.1f MB, compressed %.1f MB", service, float64(len(file))/1e6, float64(compressed)/1e6)
		if compressed > 25_000_000 {
			t.Errorf("%s has %d bytes", service, compressed)
		}
	}
}

// builder is a container program that works on this machine, or "". Podman is
// taken where scripts/podman.sh has set it up: as installed, it may build and not run.
func builder(ctx context.Context) string {
	program := "docker"
	if os.Getenv("CONTAINERS_CONF") != "" {
		program = "podman"
	}
	if exec.CommandContext(ctx, program, "info").Run() != nil {
		return ""
	}
	return program
}

func TestHostStageIsBuiltWithNoBaseImageAndRuns(t *testing.T) {
	t.Parallel()
	ctx, cancel := limit(t, 5*time.Minute)
	defer cancel()
	program := builder(ctx)
	if program == "" {
		t.Skip("SKIPPED: Docker does not answer, so no image was built; scripts/test-containers brings podman on Debian")
	}
	for _, service := range services() {
		// A folder with nothing but what the stage names shows that it needs nothing else.
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(binary(t, service), filepath.Join(dir, "bin", service)); err != nil {
			t.Fatal(err)
		}
		image := "auth-books-test/" + service + ":host"
		command := func(arguments ...string) string {
			cmd := exec.CommandContext(ctx, program, arguments...)
			var problems strings.Builder
			cmd.Stderr = &problems
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s %s: %v: %s", program, strings.Join(arguments, " "), err, &problems)
			}
			return strings.TrimSpace(string(out))
		}
		command("build", "--network=none", "--target", "host", "-f", filepath.Join(root, "services", service, "Dockerfile"), "-t", image, dir)
		t.Cleanup(func() { _ = exec.Command(program, "rmi", "--force", image).Run() })
		if user := command("image", "inspect", "--format", "{{.Config.User}}", image); user != "65532:65532" {
			t.Errorf("%s runs as %s", service, user)
		}
		if version := command("run", "--rm", "--network=none", "--read-only", image, "version"); !strings.Contains(version, "v1.2.3") {
			t.Errorf("%s says %q", service, version)
		}
	}
}
