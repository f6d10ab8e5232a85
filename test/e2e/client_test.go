//go:build e2e

package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"
)

const password = "notes on the analytical engine"

// node is an address of the node, where node ports are.
func node() string {
	if set := os.Getenv("E2E_NODE"); set != "" {
		return set
	}
	return "127.0.0.1"
}

type answer struct {
	status int
	body   map[string]any
}

var client = &http.Client{Timeout: 10 * time.Second}

// send asks auth-api through its node port.
func send(method, path, token string, body any) (answer, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(b)
	}
	r, err := http.NewRequest(method, "http://"+node()+":30080"+path, reader)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return do(client, r)
}

func do(c *http.Client, r *http.Request) (answer, error) {
	response, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode}
	_ = json.NewDecoder(response.Body).Decode(&a.body)
	return a, nil
}

func want(t *testing.T, status int, method, path, token string, body any) answer {
	t.Helper()
	a, err := send(method, path, token, body)
	if err != nil || a.status != status {
		t.Fatalf("%s %s: %d %v, %v; want %d", method, path, a.status, a.body, err, status)
	}
	return a
}

// createAccount makes an account as an operator does.
func createAccount(email string) error {
	if out, err := try([]byte(password), "--namespace=auth", "exec", "-i", "deploy/auth-api", "--", "/auth-api", "account", "create", email, "--password-stdin"); err != nil {
		return fmt.Errorf("create an account: %w: %s", err, out)
	}
	return nil
}

// member makes an account for somebody new and signs them in.
func member(t *testing.T) (email, token string) {
	t.Helper()
	email = fmt.Sprintf("ada-%d@books.test", time.Now().UnixNano())
	if err := createAccount(email); err != nil {
		t.Fatal(err)
	}
	a := want(t, 201, "POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	token, _ = a.body["access_token"].(string)
	return email, token
}
