package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Ask sends GET to a pod and returns the body, of whatever status, or else the error as text.
// The request goes through the API server, so no network policy stops it.
func (c Cluster) Ask(ctx context.Context, pod, port, path string) string {
	raw := []string{"get", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:%s/proxy%s", c.Namespace(), pod, port, path)}
	out, err := c.Run(ctx, raw...)
	if err == nil {
		return string(out)
	}
	text := OneLine(err)
	// kubectl prints the body of an error, such as 503, in its log only.
	_, err = c.Run(ctx, append(raw, "-v=8")...)
	if failed := (*KubectlError)(nil); errors.As(err, &failed) {
		text = cmp.Or(bodyIn(failed.Stderr), text)
	}
	return text
}

// bodyIn finds the body of a response in kubectl's log.
func bodyIn(log string) string {
	const before = `"Response Body" body=`
	// A body of several lines, or one that ends with a line break, has lines of its
	// own, between < and >.
	if _, rest, found := strings.Cut(log, before+"<\n"); found {
		body, _, _ := strings.Cut(rest, "\n >")
		return strings.TrimSpace(body)
	}
	for line := range strings.Lines(log) {
		if _, quoted, found := strings.Cut(line, before); found {
			body, _ := strconv.Unquote(strings.TrimSpace(quoted))
			return body
		}
		// Before kubectl 1.33.
		if _, body, found := strings.Cut(line, "Response Body: "); found {
			return strings.TrimSpace(body)
		}
	}
	return ""
}
