package doctor

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"auth.books.test/internal/cluster"
)

// health is what a pod says about itself.
type health struct {
	text   string
	fields map[string]any
}

func healthOf(body string) health {
	h := health{text: cluster.Shorten(body)}
	_ = json.Unmarshal([]byte(body), &h.fields) // a body that is not JSON is shown as it is
	return h
}

// down names the stores that are down, and the state of the schema.
func (h health) down() (stores []string, schema string) {
	all := maps.Clone(h.fields)
	if nested, ok := h.fields["stores"].(map[string]any); ok {
		maps.Copy(all, nested)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] == "down" {
			stores = append(stores, name)
		}
	}
	schema, _ = h.fields["schema"].(string)
	return stores, schema
}

// problem is what the pod says about a store; empty if it says nothing.
func (h health) problem(store string) string {
	problems, _ := h.fields["problems"].(map[string]any)
	text, _ := problems[store].(string)
	return text
}

// refusals are the texts by which Postgres and Redis refuse a user or a password, by store.
func refusals(store string) []string {
	switch store {
	case "auth-db":
		return []string{"28P01", "28000", "password authentication failed"}
	case "session-db":
		return []string{"WRONGPASS", "NOAUTH", "NOPERM", "refuses the user or the password", "wants a password", "does not allow its user"}
	}
	return nil
}

// refusal looks for a refusal by a store in what a pod says about it, and in the pod's log.
func (c checker) refusal(ctx context.Context, pod, store, problem string) string {
	out, err := c.Run(ctx, "--namespace", "auth", "logs", pod, "--tail=100")
	if err != nil {
		out = nil
	}
	said := problem + "\n" + string(out)
	for _, r := range refusals(store) {
		if strings.Contains(said, r) {
			return r
		}
	}
	return ""
}
