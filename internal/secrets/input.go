package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/credential"
)

// ErrNotJSON says nothing of what was read: that may be a secret.
var ErrNotJSON = errors.New(`standard input is neither JSON of the form {"name": {"key": "value"}} nor secrets from kubectl get secret -o json`)

// Input is what came on standard input: secrets as the cluster has them, and
// values that somebody chose.
type Input struct{ Cluster, Given credential.Values }

// ReadInput reads any number of JSON values: a Secret of the namespace, a List of them, or
// chosen values.
func ReadInput(in io.Reader, namespace string) (Input, error) {
	read := Input{}
	decoder := json.NewDecoder(in)
	for {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return read, nil
		} else if err != nil {
			return Input{}, ErrNotJSON
		}
		var list struct {
			Kind  string
			Items []corev1.Secret
		}
		_ = json.Unmarshal(raw, &list) // chosen values have no kind that is a text
		switch list.Kind {
		case "Secret":
			list.Items = make([]corev1.Secret, 1)
			if err := json.Unmarshal(raw, &list.Items[0]); err != nil {
				return Input{}, ErrNotJSON
			}
		case "List", "SecretList":
		default:
			if err := json.Unmarshal(raw, &read.Given); err != nil {
				return Input{}, ErrNotJSON
			}
		}
		for _, s := range list.Items {
			if s.Namespace != namespace {
				return Input{}, fmt.Errorf("the secret %s is of the namespace %q, not of %s", s.Name, s.Namespace, namespace)
			}
			if read.Cluster == nil {
				read.Cluster = credential.Values{}
			}
			read.Cluster[s.Name] = map[string]string{}
			for key, value := range s.Data {
				read.Cluster[s.Name][key] = string(value)
			}
		}
	}
}
