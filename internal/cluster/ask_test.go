package cluster_test

import (
	"context"
	"errors"
	"testing"

	"auth.books.test/internal/cluster"
)

// As kubectl 1.37 and 1.30 write it with -v=8.
func TestTheBodyOfA503IsFoundInKubectlsLog(t *testing.T) {
	t.Parallel()
	const unavailable = "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
	for log, want := range map[string]string{
		`I1126 05:03:59.785583   12297 round_trippers.go:632] "Response" status="503 Service Unavailable" headers=<` + "\n" +
			`I1126 05:03:59.785848   12297 get.go:174] "Response Body" body="{\"status\":\"unavailable\",\"session-db\":\"down\"}"` + "\n": `{"status":"unavailable","session-db":"down"}`,
		`I1126 05:03:59.785848   12297 request.go:1212] Response Body: {"status":"unavailable"}` + "\nError from server\n":                     `{"status":"unavailable"}`,
		`I1126 05:35:05.010907    4385 get.go:174] "Response Body" body=<` + "\n\t" + `{"status":"unavailable"}` + "\n >\nError from server\n": `{"status":"unavailable"}`,
		"Error from server (NotFound)": "exit status 1: " + unavailable,
	} {
		run := func(_ context.Context, args ...string) ([]byte, error) {
			if args[len(args)-1] == "-v=8" {
				return nil, &cluster.KubectlError{Err: errors.New("exit status 1"), Stderr: log}
			}
			return nil, &cluster.KubectlError{Err: errors.New("exit status 1"), Stderr: unavailable}
		}
		if got := (cluster.Cluster{Run: run}).Ask(t.Context(), "auth-api-1", "8000", "/readyz"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
