package manifest_test

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"auth.books.test/internal/manifest"
)

// floor says which versions of an image are the oldest that may run, and why.
type floor struct {
	// line is how many numbers name a line: 1 for Postgres (17), 2 for Redis (8.2).
	line int
	// least has the oldest accepted version of each maintained line. Other lines are refused if they are older
	// than the newest of these, and accepted if they are newer.
	least []string
	since string
	why   string
}

// floors are the third-party images that the repository names, by the last part of the name.
// To add one: the image, the first fixed version of each maintained line, the month, and the vulnerability.
func floors() map[string]floor {
	// All lines of Postgres are released on one day: 17.12 with 15.20, which Debian ships as a security update.
	postgres := floor{1, []string{"17.12"}, "2026-11", "the fixes of August and November 2026; of May, CVE-2026-6473 (8.8), CVE-2026-6479 (before authentication), and nine more"}
	return map[string]floor{
		"postgres":   postgres,
		"postgresql": postgres, // CloudNativePG's image of it
		"redis": {2, []string{"7.2.16", "7.4.11", "8.2.9", "8.4.6", "8.6.6", "8.8.2", "8.10.1"}, "2026-08",
			"fixes of August 2026; CVE-2025-49844 (Lua, code execution by a signed-in user) before them. 8.0 gets none"},
		"valkey": {2, []string{"8.0.11", "8.1.9", "9.1.2"}, "2026-08",
			"fixes of August 2026; of July, CVE-2026-56684 (CLIENT KILL, code execution by a signed-in user) and CVE-2026-63639"},
		"sealed-secrets-controller": {1, []string{"0.36.0"}, "2026-02", "CVE-2026-22728: a sealed value could be sealed again for every namespace"},
		"traefik":                   {2, []string{"3.7.12"}, "2026-08", "the line that is maintained; aliasHeadersStrategy, with which a header is not taken for another, came with 3.7.12"},
		"mailpit":                   {2, []string{"1.33.1"}, "2026-11", "the line that is maintained; it runs on development clusters only"},
		// Their minor tags follow the fixes of a line, and release images do not contain them.
		"busybox": {2, []string{"1.36"}, "2023-05", "the line that is maintained; only the development images have it"},
		"golang":  {2, []string{"1.26"}, "2026-02", "the two newest lines get fixes; go.mod asks for 1.26"},
	}
}

// tooOld says why an image may not run; empty if it may. A tag that names only a line, such
// as 17, follows its newest release and is accepted.
func tooOld(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name, tag, _ := strings.Cut(path.Base(image), ":")
	f, known := floors()[name]
	version := numbers(tag)
	if !known || len(version) == 0 {
		return fmt.Sprintf("%s is not in the table of least versions, in floors()", image)
	}
	refuse := fmt.Sprintf("%s has known holes; at least one of %s, since %s: %s", image, strings.Join(f.least, ", "), f.since, f.why)
	newest := numbers(f.least[len(f.least)-1])
	for _, l := range f.least {
		least := numbers(l)
		n := min(f.line, len(version))
		if !slices.Equal(version[:n], least[:n]) {
			continue
		}
		if len(version) > f.line && slices.Compare(version, least) < 0 {
			return refuse
		}
		return ""
	}
	if slices.Compare(version, newest) < 0 {
		return refuse
	}
	return ""
}

// numbers reads 17.12-system-trixie as 17, 12.
func numbers(tag string) (all []int) {
	for part := range strings.SplitSeq(regexp.MustCompile(`^v?([\d.]*).*`).ReplaceAllString(tag, "$1"), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return all
		}
		all = append(all, n)
	}
	return all
}

func versionRules() []rule {
	return []rule{{name: "no image of a third party has known holes", check: func(s *manifest.Set) (found []string) {
		for _, image := range imagesIn(s) {
			if why := tooOld(image); !isOurs(image) && why != "" {
				found = append(found, why)
			}
		}
		return found
	}, // In two parts, so that Renovate does not take it for an image in use.
		old: "image: redis:", new: "image: redis:" + "8.0.3-"}}
}

func TestVersionsWithKnownVulnerabilitiesAreRefused(t *testing.T) {
	t.Parallel()
	// The tags stand apart from the names, so that Renovate does not update the refused versions.
	for name, tags := range map[string]struct{ refused, taken []string }{
		"docker.io/library/redis": {
			[]string{"8.0.3", "8.0.4", "8.2.8", "7.2.15", "7.0.15", "8.3.1", "8.0.3-alpine@sha256:1"},
			[]string{"8.2.9", "8.2.10", "8.10.1", "8.12.0", "9.0.0", "8"},
		},
		"valkey/valkey":                        {[]string{"8.1.8", "9.0.3", "9.1.1"}, []string{"8.1.9", "9.1.2", "9.2.0"}},
		"postgres":                             {[]string{"17.6", "17.10", "17.11-trixie", "16.14", "latest", ""}, []string{"17.12", "17", "18.4"}},
		"ghcr.io/cloudnative-pg/postgresql":    {[]string{"17.6-system-trixie"}, []string{"17.12-system-trixie"}},
		"bitnami/sealed-secrets-controller":    {[]string{"0.35.0"}, []string{"0.40.0"}},
		"axllent/mailpit":                      {[]string{"v1.33.0", "v1.21.8"}, []string{"v1.33.1", "v1.34.0"}},
		"traefik":                              {[]string{"3.7.11", "3.6.9", "2.11.40"}, []string{"3.7.12", "3.7.13", "3.8.0"}},
		"busybox":                              {[]string{"1.35"}, []string{"1.36", "1.37.0"}},
		"golang":                               {[]string{"1.25-bookworm"}, []string{"1.26-bookworm"}},
		"an-image-that-nobody-has-looked-into": {[]string{"1.6.39"}, nil},
	} {
		for _, tag := range tags.refused {
			if tooOld(name+":"+tag) == "" {
				t.Errorf("%s %s is taken", name, tag)
			}
		}
		for _, tag := range tags.taken {
			if why := tooOld(name + ":" + tag); why != "" {
				t.Error(why)
			}
		}
	}
}

// The test reads all files that name an image: manifests, Dockerfiles, scripts, tests.
func TestNoFileNamesAnImageWithKnownVulnerabilities(t *testing.T) {
	t.Parallel()
	seen := 0
	for name, text := range tracked(t) {
		if name == "internal/manifest/versions_test.go" {
			continue
		}
		for _, image := range versions().FindAll(text, -1) {
			seen++
			if why := tooOld(strings.TrimRight(string(image), " \t\r\n\"'`,;)}]")); why != "" {
				t.Errorf("%s: %s", name, why)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d images were found: the search is broken", seen)
	}
}

func TestControllersAndListHaveNoKnownVulnerabilities(t *testing.T) {
	for _, i := range imagesOf(t, list) {
		name := i.Name
		if i.NewName != "" {
			name = i.NewName
		}
		if why := tooOld(name + ":" + i.NewTag); why != "" {
			t.Errorf("%s: %s", list, why)
		}
	}
	for _, dir := range controllers() {
		images := imagesIn(controller(t, dir))
		if len(images) == 0 {
			t.Errorf("%s runs nothing", dir)
		}
		for _, image := range images {
			if why := tooOld(image); why != "" {
				t.Error(why)
			}
		}
	}
}
