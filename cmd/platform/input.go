package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/credential"
)

// errNotJSON says nothing of what was read: that may be a secret.
var errNotJSON = errors.New(`standard input is neither JSON of the form {"name": {"key": "value"}} nor secrets from kubectl get secret -o json`)

// input is what came on standard input: secrets as the cluster has them, and
// values that were chosen.
type input struct{ cluster, given credential.Values }

// readInput reads any number of JSON values: a Secret, a List of them, or chosen
// values.
func readInput(in io.Reader) (input, error) {
	read := input{}
	decoder := json.NewDecoder(in)
	for {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return read, nil
		} else if err != nil {
			return input{}, errNotJSON
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
				return input{}, errNotJSON
			}
		case "List", "SecretList":
		default:
			if err := json.Unmarshal(raw, &read.given); err != nil {
				return input{}, errNotJSON
			}
		}
		for _, s := range list.Items {
			if s.Namespace != credential.Namespace {
				return input{}, fmt.Errorf("the secret %s is of the namespace %q, not of %s", s.Name, s.Namespace, credential.Namespace)
			}
			if read.cluster == nil {
				read.cluster = credential.Values{}
			}
			read.cluster[s.Name] = map[string]string{}
			for key, value := range s.Data {
				read.cluster[s.Name][key] = string(value)
			}
		}
	}
}
