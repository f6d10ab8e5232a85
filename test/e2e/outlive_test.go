//go:build e2e

package e2e_test

import (
	"fmt"
	"testing"
	"time"
)

func TestDataAndSessionsOutliveEveryPod(t *testing.T) {
	email, token := member(t)
	check := func() {
		t.Helper()
		ready(t)
		eventually(t, time.Minute, "the token lives", func() error {
			a, err := send("GET", "/v1/accounts/me", token, nil)
			if err == nil && a.status != 200 {
				err = fmt.Errorf("%d %v", a.status, a.body)
			}
			return err
		})
		began := time.Now()
		canSignIn(t, email)
		t.Logf("sign-in works %v after everything was ready", time.Since(began).Round(100*time.Millisecond))
	}
	for _, name := range []string{"auth-api", "helloworld", "auth-db", "session-db"} {
		inAuth(t, "delete", "pod", "-l", "app.kubernetes.io/name="+name)
		check()
	}
	inAuth(t, "delete", "pod", "--all")
	check()
}

// What docs/storage.md says to do after a claim was deleted.
func TestDeletedClaimComesBackWithItsData(t *testing.T) {
	email, token := member(t)
	inAuth(t, "scale", "statefulset/auth-db", "--replicas=0")
	inAuth(t, "wait", "--for=delete", "pod/auth-db-0", "--timeout=2m")
	want(t, 200, "GET", "/v1/accounts/me", token, nil) // verification goes on without Postgres
	inAuth(t, "delete", "pvc", "data-auth-db-0")
	eventually(t, time.Minute, "the volume is released", func() error {
		if phase := kubectl(t, "get", "pv", "auth-db", "-o", "jsonpath={.status.phase}"); phase != "Released" {
			return fmt.Errorf("it is %s", phase)
		}
		return nil
	})
	wantLine(t, doctor(t), "the volume auth-db is Released", "kubectl patch pv auth-db")
	kubectl(t, "patch", "pv", "auth-db", "--type=json", `-p=[{"op":"remove","path":"/spec/claimRef/uid"},{"op":"remove","path":"/spec/claimRef/resourceVersion"}]`)
	inAuth(t, "scale", "statefulset/auth-db", "--replicas=1")
	ready(t)
	canSignIn(t, email)
}

// canSignIn waits for it: the name of a store may lead to its former address for
// some seconds.
func canSignIn(t *testing.T, email string) {
	t.Helper()
	eventually(t, time.Minute, "sign-in works", func() error {
		a, err := send("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
		if err == nil && a.status != 201 {
			err = fmt.Errorf("%d %v", a.status, a.body)
		}
		return err
	})
}
