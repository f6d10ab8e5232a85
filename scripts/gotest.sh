# shellcheck shell=bash
# To be sourced: go test with a summary, and with repeats where the caller allows them.

# gotest REPEATS PACKAGES [FLAGS]: go test of the packages, whose names are separated by spaces. With REPEATS 1, a test that
# failed is run once more: it passes if it passes then, and gotest_flaky names it.
gotest() {
  local repeats=$1 packages=$2 status=0 report
  shift 2
  local options=(--format pkgname --format-hide-empty-pkg --format-icons text)
  report=$(mktemp)
  [ "$repeats" = 0 ] || options+=(--rerun-fails="$repeats" --rerun-fails-run-root-test --rerun-fails-abort-on-data-race --rerun-fails-report "$report")
  go tool gotestsum "${options[@]}" --packages "$packages" -- -timeout "${TEST_TIMEOUT:-20m}" "$@" || status=$?
  gotest_repeated+=$(cat "$report")
  rm "$report"
  return "$status"
}
gotest_repeated=

# gotest_flaky says which tests were repeated.
gotest_flaky() {
  [ -z "$gotest_repeated" ] || printf 'REPEATED: these failed at first. Those that passed then are flaky: find out why.\n%s\n' "$gotest_repeated"
}
