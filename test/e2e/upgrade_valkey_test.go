//go:build e2e && drill

package e2e_test

import "testing"

// From Redis to Valkey, and back by the command of the component's README, which docs/upgrade.md repeats.
func TestUpgradeToValkeyAndBackSignsNobodyOut(t *testing.T) {
	const valkey = "components: [../../components/valkey]\n"
	imageIsThere(t, with(t, "minikube", valkey), "valkey/valkey")
	deploy(t)
	ready(t)
	for _, way := range []struct{ what, heading, added string }{
		{"Redis to Valkey", "### To Valkey", valkey},
		{"Valkey to Redis", "### Back to Redis", ""},
	} {
		t.Run(way.what, func(t *testing.T) {
			d := begin(t)
			run(t, with(t, "minikube", way.added), page(t, way.heading))
			ready(t)
			d.end(t, way.what)
		})
	}
}
