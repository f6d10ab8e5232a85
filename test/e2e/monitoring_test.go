//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
)

func TestPrometheusAloneReadsTheMetrics(t *testing.T) {
	kubectl(t, "apply", "-f", "test/e2e/testdata/components.yaml")
	kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "-f", "test/e2e/testdata/components.yaml")
	applyWith(t, "components: [../../components/monitoring]\n")
	ready(t)
	if out, err := try(nil, "create", "namespace", "monitoring"); err != nil && !strings.Contains(out, "AlreadyExists") {
		t.Fatal(out)
	}
	t.Cleanup(func() { _, _ = try(nil, "delete", "namespace", "monitoring", "--wait=false") })
	inAuth(t, "get", "podmonitors.monitoring.coreos.com", "auth-api")
	const script = `sleep 3; for i in 1 2 3; do timeout 2 bash -c 'exec 3<>/dev/tcp/HOST/8001; printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3' && exit; sleep 1; done; echo closed`
	ip := strings.Fields(inAuth(t, "get", "pod", "-l", "app.kubernetes.io/name=auth-api", "-o", "jsonpath={.items[*].status.podIP}"))[0]
	for name, c := range map[string]struct {
		labels map[string]string
		want   string
	}{
		"prometheus": {map[string]string{"app.kubernetes.io/name": "prometheus"}, "auth_verifications_total"},
		"another":    {nil, "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if out := asPod(t, "monitoring", c.labels, strings.ReplaceAll(script, "HOST", ip)); !strings.Contains(out, c.want) {
				t.Errorf("no %s in %.300s", c.want, out)
			}
		})
	}
}
