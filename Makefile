# All tasks of the repository: `make` lists them. Works with GNU make 3.81 and newer.

MAKEFLAGS += --no-builtin-rules --warn-undefined-variables
SHELL := bash -o errexit -o pipefail -o nounset
.SUFFIXES:
.DEFAULT_GOAL := help

# git and Go refuse to read the history of a clone that belongs to another user, for example when root builds. Here git reads
# only two names, and does not write the index, so that the index keeps its owner.
GIT = GIT_OPTIONAL_LOCKS=0 git -c safe.directory='$(CURDIR)'
VERSION = $(shell $(GIT) describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT = $(shell $(GIT) rev-parse HEAD 2>/dev/null || echo unknown)
GO_BUILD = go build -buildvcs=false
BUILDING = echo "building auth-api with $$(go env GOVERSION): minutes the first time, then seconds; each line is a package that was compiled" >&2
TEST_TIMEOUT := 20m
DRILL := Upgrade
GO_FILES = find . \( -name .git -o -name .dev -o -name bin -o -name node_modules \) -prune -o -name '*.go' -print0

.PHONY: help
help: ## Lists the targets.
	@sed -n 's/^\([a-z0-9-]*\): .*## \(.*\)/\1	\2/p' Makefile | awk -F '\t' '{ printf "  make %-17s %s\n", $$1, $$2 }'

.PHONY: run
run: ## Starts auth-api with its stores on 127.0.0.1:8000; data stays in .dev. AUTH_API_ADDR changes the address.
	@$(BUILDING)
	@$(GO_BUILD) -v -o .dev/bin/auth-api ./services/auth-api/dev
	@exec $$(scripts/tied) .dev/bin/auth-api dev

.PHONY: watch
watch: ## Like run, and builds and restarts on every change of the code.
	@$(BUILDING)
	@$(GO_BUILD) -v -o .dev/bin/watch ./cmd/watch
	@$(GO_BUILD) -v -o .dev/bin/auth-api ./services/auth-api/dev
	@exec $$(scripts/tied) .dev/bin/watch -lock .dev/watch -package ./services/auth-api/dev -output .dev/bin/auth-api -- .dev/bin/auth-api dev

.PHONY: test
test: ## Runs every test that needs no cluster, on real stores; as root on Debian, installs what is missing.
	@scripts/test-deps
	@TEST_TIMEOUT=$(TEST_TIMEOUT) scripts/test

.PHONY: test-containers
test-containers: ## Runs the tests that use stores against the official images in containers.
	@TEST_TIMEOUT=$(TEST_TIMEOUT) scripts/test-containers

.PHONY: test-adopted
test-adopted: ## Runs the tests of a copy of this repository that has other names. TEST=command runs something else there.
	@scripts/test-adopted

.PHONY: test-new-service
test-new-service: ## Runs the tests of a copy of this repository that has a service more. TEST=command runs something else there.
	@scripts/test-new-service

.PHONY: apps
apps: ## Tries the configurations of docs/apps.md with apps that it builds: oauth2-proxy, and what Kubernetes has. Needs the network; ten minutes.
	go test -tags apps -count=1 -v -timeout 30m ./test/apps

.PHONY: lint
lint: ## Checks format, go vet and staticcheck; golangci-lint too where it is installed.
	@unformatted=$$($(GO_FILES) | xargs -0 gofmt -l); \
	  [ -z "$$unformatted" ] || { echo "not formatted (make fmt):" >&2; echo "$$unformatted" >&2; exit 1; }
	go vet ./...
	go vet -tags e2e ./test/e2e
	go vet -tags 'e2e drill' ./test/e2e
	go vet -tags apps ./test/apps
	go tool staticcheck ./...
	@if command -v golangci-lint >/dev/null; then set -x; golangci-lint run; \
	  else echo "golangci-lint is not installed: .golangci.yml was not used" >&2; fi

# Each folder of services with a Dockerfile is a program.
SERVICES = $(patsubst %/Dockerfile,./%,$(wildcard services/*/Dockerfile))

.PHONY: vulnerabilities
vulnerabilities: ## Asks the public databases which known vulnerabilities the modules and images have; needs the network.
	@scripts/vulnerabilities

.PHONY: build
build: ## Builds the release binaries of all services into bin.
	@mkdir -p bin
	CGO_ENABLED=0 $(GO_BUILD) -trimpath -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)" -o bin/ $(SERVICES)

.PHONY: bench
bench: ## Measures the figures of docs/performance.md and prints them as a table.
	go run -buildvcs=false ./test/bench

.PHONY: timing
timing: ## Tries a thousand times whether answers tell by their time who has an account; fails if they do. Half an hour.
	go run -buildvcs=false ./test/bench -only timing

.PHONY: standards
standards: ## Runs the tests that docs/standards.md names, and writes their results there.
	@tests=$$(go run -buildvcs=false ./test/standards -tests); \
	  { go test -json -count=1 -timeout $(TEST_TIMEOUT) -run "^($$tests)$$" ./... || echo "some tests failed: see the page" >&2; } | go run -buildvcs=false ./test/standards -o docs/standards.md

.PHONY: record
record: ## Makes the picture that README.md begins with: runs the programs, and draws what they print.
	go run -buildvcs=false ./test/record

# The screens of docs/apps.md. SCREENSHOTS=folder has them all, at two widths, light and dark.
PICTURES = sign-in-390-light consent-390-light consent-390-dark account-1280-light account-passkeys-390-light code-390-light account-second-step-new-390-dark account-events-390-light

.PHONY: screenshots
screenshots: ## Makes the pictures of the pages for people in docs, with the browser of the tests.
	@all=$$(mktemp -d); SCREENSHOTS=$$all go test -count=1 -run TestEveryScreenCanBeUsed ./services/auth-api; mkdir -p docs/screens; \
	  for name in $(PICTURES); do cp "$$all/$$name.png" docs/screens/; done; rm -r "$$all"

.PHONY: fault
fault: ## Tries for ten minutes, with the race detector, to make a revoked token pass. FAULT_SECONDS, MODEL_SEED.
	MODEL_SECONDS=$${FAULT_SECONDS:-600} go test -race -count=1 -v -timeout 60m -run 'TestNoTokenIsAcceptedAfterItsEndWhateverFails' ./verify/direct

.PHONY: attack
attack: ## Tries stolen passwords by the million for ten minutes, and prints who got in and who was kept out. ATTACK_SECONDS.
	ATTACK_SECONDS=$${ATTACK_SECONDS:-600} go test -count=1 -v -timeout 60m ./test/attack

.PHONY: refreshes
refreshes: ## Refreshes a million times, 64 at once, with 1 % of the answers lost; fails if an honest family ends. REFRESHES.
	REFRESHES=$${REFRESHES:-1000000} go test -count=1 -v -timeout 3h -run TestLostAnswersEndNoHonestFamily ./services/auth-api/internal/authorization

.PHONY: growth
growth: ## Signs in 100,000 times, and fails if more is stored than what is live and what is kept for a while. GROWTH.
	GROWTH=$${GROWTH:-100000} go test -count=1 -v -timeout 3h -run TestRowsAndKeysAreBoundedByWhatIsLiveAndTheRetention ./services/auth-api/internal/oauth

.PHONY: fuzz
fuzz: ## Gives each fuzz target, and random requests to every operation, 30 s to find a fault. FUZZ_SECONDS, SURFACE_SEED.
	@grep -rn --include='*_test.go' -o '^func Fuzz[A-Za-z0-9]*' . | sed 's|^\(.*\)/[^/]*:[0-9]*:func \(.*\)|\1 \2|' | while read -r package target; do \
	  go test "$$package" -run '^$$' -fuzz "^$$target$$" -fuzztime "$${FUZZ_SECONDS:-30}s"; done
	SURFACE_SECONDS="$${FUZZ_SECONDS:-30}" go test -count=1 -v -timeout 60m -parallel 1 -run 'TestLongRunOfRandomRequestsLeavesNothingBehind|TestOthersAreAnsweredWhileHundredsOfPeersMisbehave' ./test/surface

.PHONY: e2e
e2e: ## Runs the platform on the cluster that kubectl's current context names, if that is for development.
	go test -tags e2e -count=1 -v -timeout 30m ./test/e2e

.PHONY: upgrade-drill
upgrade-drill: ## Exchanges Postgres, Redis and the service on that cluster under load, and measures. UPGRADE_FROM=commit, DRILL=test.
	go test -tags 'e2e drill' -count=1 -v -timeout 60m -run '$(DRILL)' ./test/e2e

.PHONY: minikube-up
minikube-up: ## Starts Minikube with the platform on it: images, sealed secrets, everything; prints the addresses.
	@scripts/minikube-up

.PHONY: minikube-down
minikube-down: ## Stops Minikube; its data stays until `minikube delete`.
	minikube --profile=minikube stop

.PHONY: tilt-ci
tilt-ci: ## Brings the platform up as `tilt up` does, on the current context, and ends when everything is ready.
	tilt ci

.PHONY: fmt
fmt: ## Formats the code.
	@$(GO_FILES) | xargs -0 gofmt -w

.PHONY: tidy
tidy: ## Brings go.mod and go.sum up to date with the code.
	go mod tidy

.PHONY: clean
clean: ## Removes build results and the data of `make run`, unless it is running.
	@[ ! -e .dev ] || go run -buildvcs=false ./cmd/clean .dev .dev/watch
	@rm -rf bin
