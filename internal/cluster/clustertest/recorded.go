package clustertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/manifest"
)

// Recorded is what kubectl prints, by its arguments without the output format. Any other command fails.
type Recorded map[string]string

// Run is a cluster.Runner.
func (r Recorded) Run(_ context.Context, args ...string) ([]byte, error) {
	command := strings.Join(args, " ")
	if i := strings.LastIndex(command, " -o json"); i > 0 {
		command = command[:i]
	}
	if out, found := r[command]; found {
		return []byte(out), nil
	}
	return nil, errors.New("exit status 1")
}

// Cluster is the cluster of an environment that answers so.
func (r Recorded) Cluster(dir, env string) cluster.Cluster {
	return cluster.Cluster{Dir: dir, Env: env, Run: r.Run, Now: time.Now}
}

// Commands whose answers tests change.
const (
	AskSealed  = "--namespace auth get sealedsecrets"
	AskSecrets = "--namespace auth get secrets --show-managed-fields"
	AskKeys    = "--namespace sealed-secrets get secrets -l sealedsecrets.bitnami.com/sealed-secrets-key"
	AskNames   = "--namespace auth get secrets"
)

// Reachable is a cluster for development with the controller's keys, from files, and the names of its Secrets.
func Reachable(t *testing.T, secrets string, keys ...string) Recorded {
	t.Helper()
	return Recorded{
		"config current-context": "minikube\n",
		"get --raw /readyz":      "ok",
		"version":                `{"clientVersion": {"gitVersion": "v1.37.2", "minor": "37"}}`,
		AskKeys:                  KeysIn(t, keys...),
		AskNames:                 secrets,
	}
}

// KeysIn are the controller's keys, by files of certificates.
func KeysIn(t *testing.T, files ...string) string {
	t.Helper()
	var lines strings.Builder
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&lines, "key-%d %s active\n", i, base64.StdEncoding.EncodeToString(text))
	}
	return lines.String()
}

// Object is an object of Kubernetes as JSON has it.
type Object = map[string]any

// List is a List of objects, as kubectl prints it.
func List(t *testing.T, items any) string {
	t.Helper()
	b, err := json.Marshal(Object{"kind": "List", "items": items})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// SealedIn are the SealedSecrets of an overlay as the cluster has them, with a change.
func SealedIn(t *testing.T, set *manifest.Set, change func(name string, o Object)) string {
	t.Helper()
	var items []Object
	for _, s := range set.OfKind("SealedSecret") {
		o := Object{
			"metadata": Object{"name": s.Name, "generation": 2},
			"spec":     s.Content["spec"],
			"status":   Object{"observedGeneration": 2, "conditions": []Object{{"type": "Synced", "status": "True"}}},
		}
		if change != nil {
			change(s.Name, o)
		}
		items = append(items, o)
	}
	return List(t, items)
}

// Failed is the status of a SealedSecret that is not opened.
func Failed(message string) Object {
	return Object{"observedGeneration": 2, "conditions": []Object{{"type": "Synced", "status": "False", "message": message}}}
}

// SecretJSON is what kubectl get secret -o json prints.
func SecretJSON(t *testing.T, namespace, name string, data map[string]string) string {
	t.Helper()
	s := corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{}}
	for key, value := range data {
		s.Data[key] = []byte(value)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
