package secrets

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
)

// runbook says what was done, and which commands follow in the cluster. Each of them is safe to repeat.
func (r rotation) runbook(f *Folder, set *manifest.Set, change credential.Change, gone []string, first bool) string {
	var text strings.Builder
	if change.Value != nil {
		fmt.Fprintf(&text, "sealed %s/%s\n", r.namespace, f.Current(r.name))
	}
	if change.Users != nil {
		fmt.Fprintf(&text, "sealed %s/%s\n", r.namespace, credential.Users(r.name))
	}
	for _, name := range gone {
		fmt.Fprintf(&text, "removed %s\n", f.file(name))
	}
	say := func(command string) { fmt.Fprintln(&text, "  "+command) }
	fmt.Fprintln(&text, "Then, in this order:")
	say("kubectl apply -k " + f.dir)
	if change.Users != nil {
		for _, command := range load(r.namespace, set, credential.Users(r.name), change.Users["version"]) {
			say(command)
		}
	}
	if change.Value != nil {
		// The first time, it also gives the user's role its rights.
		if first || slices.ContainsFunc(set.References(), func(ref manifest.Reference) bool {
			return ref.Workload == "schema" && versionOf(ref.Secret, r.name) > 0
		}) {
			// A Job cannot be changed.
			say(fmt.Sprintf("kubectl -n %s delete job schema --ignore-not-found", r.namespace))
		}
		say("kubectl apply -k " + filepath.Join(r.dir, "kustomize", "overlays", r.env))
		for _, d := range r.users(set) {
			say(fmt.Sprintf("kubectl -n %s rollout status deployment/%s --timeout=5m", r.namespace, d))
		}
	}
	for _, name := range gone {
		say(fmt.Sprintf("kubectl -n %s delete sealedsecret %s --ignore-not-found", r.namespace, name))
	}
	if !first {
		r.tellNext(&text)
	}
	return text.String()
}

// load are the commands that make each pod of a store read its users again. They wait until the kubelet has updated the
// file; the annotation makes it do so at once, instead of within a minute or two.
func load(namespace string, set *manifest.Set, users, version string) (commands []string) {
	s := storeOf(set, users)
	for i := range s.pods {
		commands = append(commands,
			fmt.Sprintf("kubectl -n %s annotate pod %s-%d auth.books.test/users=%s --overwrite", namespace, s.name, i, version),
			fmt.Sprintf(`kubectl -n %s exec %s-%d -- sh -c 'until [ "$(cat %s/version)" -ge %s ]; do sleep 1; done; %s'`, namespace, s.name, i, s.directory, version, s.command))
	}
	return commands
}

// users are the Deployments that use the secret.
func (r rotation) users(set *manifest.Set) (names []string) {
	for _, ref := range set.References() {
		if versionOf(ref.Secret, r.name) > 0 && !slices.Contains(names, ref.Workload) &&
			slices.ContainsFunc(set.Deployments, func(d *manifest.Deployment) bool { return d.Name == ref.Workload }) {
			names = append(names, ref.Workload)
		}
	}
	return names
}

// tellNext names the next step, and when to take it.
func (r rotation) tellNext(out io.Writer) {
	if r.step == credential.Finish || r.name == credential.Users(r.name) {
		return
	}
	when := "when its pods have rolled"
	switch r.name {
	case credential.AuthDB:
		when = "when the Job schema has ended, and no backup is running"
	case credential.Verifier:
		when = "when every API that verifies tokens has the new password"
	case credential.SigningKey:
		if r.step == credential.Begin {
			fmt.Fprintf(out, "The new key is published, and not used yet. An hour after the pods of auth-api have rolled, when every app has read it:\n  %s --use\n", r.command())
			return
		}
		when = "an hour after the pods have rolled, when the last ID token that it signed has expired"
	case credential.TokenKey, credential.ServiceKey:
		if r.step == credential.Begin {
			readers := "every API that verifies tokens has the new ring"
			if r.name == credential.ServiceKey {
				readers = "the pods of auth-api have rolled"
			}
			fmt.Fprintf(out, "The new key is known, and not used yet. When %s:\n  %s --use\n", readers, r.command())
			return
		}
		when = "when the last session that began before has ended (SESSION_LIFETIME, 720h unless it is set)"
	}
	fmt.Fprintf(out, "The old value stays valid until you finish, %s:\n  %s --finish\n", when, r.command())
}
