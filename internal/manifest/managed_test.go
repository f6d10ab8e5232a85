package manifest_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/manifest"
)

// kindsOf returns the kinds of the objects with a name, except sealed secrets. The name of a
// generated ConfigMap is compared without its hash.
func kindsOf(s *manifest.Set, name string) (kinds []string) {
	for _, w := range s.Workloads() {
		if w.Name == name {
			kinds = append(kinds, w.Kind)
		}
	}
	for _, o := range s.Services {
		if o.Name == name {
			kinds = append(kinds, "Service")
		}
	}
	for _, o := range s.Policies {
		if o.Name == name {
			kinds = append(kinds, "NetworkPolicy")
		}
	}
	for _, o := range s.Volumes {
		if o.Name == name {
			kinds = append(kinds, "PersistentVolume")
		}
	}
	for _, o := range s.Others {
		if o.Name == name && o.Kind != "SealedSecret" {
			kinds = append(kinds, o.Kind)
		}
	}
	if configOf(s, name) != nil {
		kinds = append(kinds, "ConfigMap")
	}
	return kinds
}

func TestWhatAComponentReplacesIsGone(t *testing.T) {
	for _, c := range []struct {
		component, overlay, name string
		before, after            []string
	}{
		{"cloud-sql", "gke", "auth-db", []string{"StatefulSet", "Service", "NetworkPolicy"}, nil},
		{"memorystore", "gke", "session-db", []string{"StatefulSet", "Service", "NetworkPolicy", "ConfigMap"}, nil},
		{"cloudnative-pg", "gke", "auth-db", []string{"StatefulSet", "Service", "NetworkPolicy"}, []string{"Cluster"}},
		{"cloudnative-pg", "minikube", "auth-db", []string{"StatefulSet", "Service", "NetworkPolicy", "PersistentVolume"}, []string{"Cluster"}},
		{"ingress-gce", "gke", "auth", []string{"Gateway"}, []string{"ManagedCertificate", "FrontendConfig"}},
	} {
		if got := kindsOf(parse(t, render(t, c.overlay)), c.name); !slices.Equal(got, c.before) {
			t.Errorf("%s has %v called %s, want %v", c.overlay, got, c.name, c.before)
		}
		if got := kindsOf(withComponent(t, c.overlay, c.component), c.name); !slices.Equal(got, c.after) {
			t.Errorf("%s with %s has %v called %s, want %v", c.overlay, c.component, got, c.name, c.after)
		}
	}
}

// environment is the environment of a workload's first container, settings included.
func environment(t *testing.T, s *manifest.Set, workload string) map[string]string {
	t.Helper()
	for _, w := range s.Workloads() {
		if w.Name != workload {
			continue
		}
		env := map[string]string{}
		if len(w.Pod.Spec.Containers[0].EnvFrom) > 0 {
			env = configOf(s, workload)
		}
		for _, e := range w.Pod.Spec.Containers[0].Env {
			env[e.Name] = e.Value
			if e.ValueFrom != nil {
				env[e.Name] = "secret " + e.ValueFrom.SecretKeyRef.Name + "." + e.ValueFrom.SecretKeyRef.Key
			}
			if name, isFile := strings.CutSuffix(e.Name, "_FILE"); isFile {
				env[name] = secretIn(w.Pod.Spec, e.Value)
			}
		}
		return env
	}
	t.Fatalf("there is no %s", workload)
	return nil
}

// secretIn is the key of a secret that is mounted as a file of a pod's first container.
func secretIn(pod corev1.PodSpec, file string) string {
	for _, m := range pod.Containers[0].VolumeMounts {
		for _, v := range pod.Volumes {
			if v.Name != m.Name || v.Secret == nil {
				continue
			}
			for _, item := range v.Secret.Items {
				if m.MountPath+"/"+item.Path == file {
					return "secret " + v.Secret.SecretName + "." + item.Key
				}
			}
		}
	}
	return "a file that is not mounted: " + file
}

func TestPodsGetTheAddressOfTheManagedStore(t *testing.T) {
	database := map[string]map[string]string{
		"cloud-sql": {
			"AUTH_DB_HOST": "10.64.0.3", "AUTH_DB_SSLMODE": "verify-ca", "PGSSLROOTCERT": "/etc/cloud-sql/server-ca.pem",
			"AUTH_DB_USER": "secret auth-db-credentials.user", "AUTH_DB_PASSWORD": "secret auth-db-credentials.password", "AUTH_DB_SERVICE_ROLE": "auth_service",
		},
		"cloudnative-pg": {
			"AUTH_DB_HOST": "auth-db-rw", "AUTH_DB_SSLMODE": "verify-full", "PGSSLROOTCERT": "/etc/auth-db/ca.crt",
			"AUTH_DB_USER": "secret auth-db-app.username", "AUTH_DB_PASSWORD": "secret auth-db-app.password", "AUTH_DB_SERVICE_ROLE": "auth_service",
		},
	}
	for component, want := range database {
		for _, overlay := range components()[component] {
			s := withComponent(t, overlay, component)
			for _, workload := range []string{"auth-api", "schema", "audit"} {
				got := environment(t, s, workload)
				for name, value := range want {
					switch {
					case name == "AUTH_DB_SERVICE_ROLE" && workload != "schema":
						continue
					// With both, auth-api serves as a user that owns nothing.
					case name == "AUTH_DB_USER" && workload == "auth-api":
						value = "secret auth-db-service.username"
					case name == "AUTH_DB_PASSWORD" && workload == "auth-api":
						value = "secret auth-db-service.password"
					}
					if got[name] != value {
						t.Errorf("%s with %s: %s has %s=%s, want %s", overlay, component, workload, name, got[name], value)
					}
				}
			}
		}
	}
	for _, workload := range ownServices() {
		got := environment(t, withComponent(t, "gke", "memorystore"), workload)
		if user := got["SESSION_DB_USER"]; got["SESSION_DB_HOST"] != "10.64.1.3" || user != "default" || got["SESSION_DB_PASSWORD"] != "secret session-db-credentials.password" {
			t.Errorf("memorystore: %s: %v", workload, got)
		}
	}
}

// PGSSLROOTCERT names a mounted file, and nothing else of the CA is mounted.
func TestTheCAIsMountedWhereItIsRead(t *testing.T) {
	for _, component := range []string{"cloud-sql", "cloudnative-pg"} {
		s := withComponent(t, "gke", component)
		for _, w := range s.Workloads() {
			if w.Name != "auth-api" && w.Name != "schema" && w.Name != "audit" {
				continue
			}
			file := environment(t, s, w.Name)["PGSSLROOTCERT"]
			if !mounts(s, w.Pod.Spec, file) {
				t.Errorf("%s: %s reads %s, which is not mounted", component, w.Name, file)
			}
			for _, v := range w.Pod.Spec.Volumes {
				if v.Secret != nil && !credential.IsRing(v.Secret.SecretName) && (len(v.Secret.Items) != 1 || v.Secret.Items[0].Key != "ca.crt" && v.Secret.Items[0].Key != "password") {
					t.Errorf("%s: %s is given more of %s than the certificate", component, w.Name, v.Secret.SecretName)
				}
			}
		}
	}
	ca, _ := pem.Decode([]byte(configOf(withComponent(t, "gke", "cloud-sql"), "cloud-sql")["server-ca.pem"]))
	if ca == nil {
		t.Fatal("server-ca.pem is no PEM")
	}
	if c, err := x509.ParseCertificate(ca.Bytes); err != nil || !c.IsCA {
		t.Errorf("server-ca.pem is no CA's certificate: %v", err)
	}
}

func mounts(s *manifest.Set, pod corev1.PodSpec, file string) bool {
	for _, m := range pod.Containers[0].VolumeMounts {
		for _, v := range pod.Volumes {
			name, within := strings.CutPrefix(file, m.MountPath+"/")
			if !within || v.Name != m.Name || !m.ReadOnly {
				continue
			}
			if v.Secret != nil {
				return slices.ContainsFunc(v.Secret.Items, func(k corev1.KeyToPath) bool { return k.Path == name })
			}
			if v.ConfigMap != nil {
				return slices.ContainsFunc(s.ConfigMaps, func(c *corev1.ConfigMap) bool { return c.Name == v.ConfigMap.Name && c.Data[name] != "" })
			}
		}
	}
	return false
}

// egress lists the destinations that a policy allows: "5432 10.64.0.3/32".
func egress(t *testing.T, s *manifest.Set, name string) (all []string) {
	t.Helper()
	i := slices.IndexFunc(s.Policies, func(p *policy) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("there is no policy %s", name)
	}
	for _, out := range s.Policies[i].Spec.Egress {
		for _, port := range out.Ports {
			for _, to := range out.To {
				all = append(all, port.Port.String()+" "+peer(to))
			}
		}
	}
	return all
}

func peer(p networkingv1.NetworkPolicyPeer) string {
	if p.IPBlock != nil {
		return p.IPBlock.CIDR
	}
	return fmt.Sprint(p.PodSelector.MatchLabels)
}

func TestPoliciesLeadToTheManagedStoreAndNowhereElse(t *testing.T) {
	const authDB, sessionDB = "5432 map[app.kubernetes.io/name:auth-db]", "6379 map[app.kubernetes.io/name:session-db]"
	const cluster = "map[cnpg.io/cluster:auth-db]"
	cases := []struct {
		component, policy string
		want              []string
	}{
		{"backup", "auth-api", []string{authDB, sessionDB}},
		{"cloud-sql", "auth-api", []string{"5432 10.64.0.3/32", sessionDB}},
		{"cloud-sql", "schema", []string{"5432 10.64.0.3/32"}},
		{"memorystore", "auth-api", []string{authDB, "6379 10.64.1.3/32"}},
		{"memorystore", "schema", []string{authDB}},
		{"redis-sentinel", "session-db-sentinel-clients", []string{"26379 map[app.kubernetes.io/name:session-db]"}},
		{"redis-sentinel", "session-db-sentinel-verifiers", []string{"26379 map[app.kubernetes.io/name:session-db]"}},
		{"redis-sentinel", "session-db-replication", []string{sessionDB, "26379 map[app.kubernetes.io/name:session-db]"}},
		{"cloudnative-pg", "auth-api", []string{"5432 " + cluster, sessionDB}},
		{"cloudnative-pg", "schema", []string{"5432 " + cluster}},
		{"cloudnative-pg", "auth-db-cluster", []string{"5432 " + cluster, "8000 " + cluster, "443 0.0.0.0/0", "6443 0.0.0.0/0", "8443 0.0.0.0/0"}},
	}
	// Each API that verifies tokens itself reaches Redis and nothing else.
	for component, redis := range map[string]string{"memorystore": "6379 10.64.1.3/32", "cloud-sql": sessionDB, "cloudnative-pg": sessionDB, "redis-sentinel": sessionDB} {
		names := verifiers(withComponent(t, components()[component][0], component))
		if len(names) == 0 {
			t.Errorf("with %s nobody verifies tokens", component)
		}
		for _, name := range names {
			cases = append(cases, struct {
				component, policy string
				want              []string
			}{component, name, []string{redis}})
		}
	}
	for _, c := range cases {
		for _, overlay := range components()[c.component] {
			if got := egress(t, withComponent(t, overlay, c.component), c.policy); !slices.Equal(got, c.want) {
				t.Errorf("%s with %s: %s may reach %v, want %v", overlay, c.component, c.policy, got, c.want)
			}
		}
	}
}

// The address is written once: the setting, the Job and the policies take it from there.
func TestAnAddressIsChangedInOnePlace(t *testing.T) {
	for component, address := range map[string]string{"cloud-sql": "10.64.0.3", "memorystore": "10.64.1.3"} {
		out := renderWith(t, "gke", component, change{"components/" + component + "/config.env", address, "10.9.8.7"})
		if strings.Contains(out, address) || !strings.Contains(out, "cidr: 10.9.8.7/32") {
			t.Errorf("%s: the old address is left, or the new one is not allowed", component)
		}
	}
}

// As docs/configuration.md says: base, then the overlay, then components.
func TestComponentHasTheLastWord(t *testing.T) {
	const line = "AUTH_API_PASSWORD_GRANT=false\n"
	out := renderWith(t, "gke", "cloud-sql", change{"overlays/gke/config.env", line, line + "AUTH_DB_SSLMODE=disable\nAUTH_DB_NAME=other\n"})
	for setting, want := range map[string]string{"AUTH_DB_SSLMODE": "verify-ca", "AUTH_DB_NAME": "other", "AUTH_DB_PORT": "5432"} {
		if got := configOf(parse(t, out), "auth-api")[setting]; got != want {
			t.Errorf("%s is %s, want %s", setting, got, want)
		}
	}
}

// The name in the certificate is written once as well.
func TestJobChecksTheCertificateAsTheServiceDoes(t *testing.T) {
	out := renderWith(t, "gke", "cloud-sql", change{"components/cloud-sql/config.env", "AUTH_DB_SSLMODE=verify-ca", "AUTH_DB_SSLMODE=verify-full"})
	for _, workload := range []string{"auth-api", "schema", "audit"} {
		if got := environment(t, parse(t, out), workload)["AUTH_DB_SSLMODE"]; got != "verify-full" {
			t.Errorf("%s: %s", workload, got)
		}
	}
}

func TestPostgresOfTheOperatorLosesNoCommitAndIsReachedByItsOperator(t *testing.T) {
	for _, overlay := range components()["cloudnative-pg"] {
		s := withComponent(t, overlay, "cloudnative-pg")
		cluster := s.OfKind("Cluster")[0]
		if cluster.APIVersion != "postgresql.cnpg.io/v1" || cluster.Namespace != "auth" {
			t.Errorf("%s: %+v", overlay, cluster.TypeMeta)
		}
		for path, want := range map[string]string{
			"spec.instances": "3", "spec.postgresql.synchronous.method": "any", "spec.postgresql.synchronous.number": "1",
			"spec.bootstrap.initdb.database": environment(t, s, "schema")["AUTH_DB_NAME"],
		} {
			if got := fmt.Sprint(at(cluster.Content, path)); got != want {
				t.Errorf("%s: %s is %s, want %s", overlay, path, got, want)
			}
		}
		i := slices.IndexFunc(s.Policies, func(p *policy) bool { return p.Name == "auth-db-cluster" })
		operator := slices.ContainsFunc(s.Policies[i].Spec.Ingress, func(in networkingv1.NetworkPolicyIngressRule) bool {
			return slices.ContainsFunc(in.Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port.String() == "8000" }) &&
				slices.ContainsFunc(in.From, func(f networkingv1.NetworkPolicyPeer) bool {
					return f.NamespaceSelector != nil && f.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] == "cnpg-system" && f.PodSelector.MatchLabels["app.kubernetes.io/name"] == "cloudnative-pg"
				})
		})
		if !operator || !matches(&s.Policies[i].Spec.PodSelector, map[string]string{"cnpg.io/cluster": "auth-db"}) {
			t.Errorf("%s: the operator cannot ask an instance for its status", overlay)
		}
	}
}

// The node port of Postgres leads to the operator's pods, by the operator's labels.
func TestNodePortOfTheOperatorsPostgresIsLetIn(t *testing.T) {
	s := withComponent(t, "minikube", "cloudnative-pg")
	pod := map[string]string{"cnpg.io/cluster": "auth-db", "cnpg.io/instanceRole": "primary", "app.kubernetes.io/name": "postgresql"}
	i := slices.IndexFunc(s.Services, func(o *corev1.Service) bool { return o.Name == "auth-db-node-port" })
	j := slices.IndexFunc(s.Policies, func(p *policy) bool { return p.Name == "node-ports" })
	if i < 0 || j < 0 {
		t.Fatal("no Service, or no policy")
	}
	for name, value := range s.Services[i].Spec.Selector {
		if pod[name] != value {
			t.Errorf("the node port leads to %s=%s", name, value)
		}
	}
	in := s.Policies[j].Spec
	if !matches(&in.PodSelector, pod) || !slices.ContainsFunc(in.Ingress[0].Ports, func(p networkingv1.NetworkPolicyPort) bool { return *p.Port == s.Services[i].Spec.Ports[0].TargetPort }) {
		t.Error("who comes through the node port is not let in")
	}
}

// at is the value at a path of keys with dots.
func at(content map[string]any, path string) any {
	var value any = content
	for key := range strings.SplitSeq(path, ".") {
		within, _ := value.(map[string]any)
		value = within[key]
	}
	return value
}

func TestIngressServesHTTPSWithItsCertificateAndSettings(t *testing.T) {
	s := withComponent(t, "gke", "ingress-gce")
	if len(s.OfKind("HTTPRoute"))+len(s.OfKind("HealthCheckPolicy")) > 0 || len(s.Ingresses) != 1 {
		t.Fatalf("%d Ingresses, and something of the Gateway", len(s.Ingresses))
	}
	ingress := s.Ingresses[0]
	if ingress.Annotations["kubernetes.io/ingress.class"] != "gce" || ingress.Spec.IngressClassName != nil {
		t.Error("GKE's controller reads the annotation alone")
	}
	for annotation, kind := range map[string]string{"networking.gke.io/managed-certificates": "ManagedCertificate", "networking.gke.io/v1beta1.FrontendConfig": "FrontendConfig"} {
		if found := s.OfKind(kind); len(found) != 1 || found[0].Name != ingress.Annotations[annotation] || found[0].Namespace != ingress.Namespace {
			t.Errorf("%s leads to no %s", annotation, kind)
		}
	}
	if at(s.OfKind("FrontendConfig")[0].Content, "spec.redirectToHttps.enabled") != true {
		t.Error("plain HTTP is served")
	}
	var hosts []string
	for _, rule := range ingress.Spec.Rules {
		hosts = append(hosts, rule.Host)
		i := slices.IndexFunc(s.Services, func(o *corev1.Service) bool {
			return o.Name == rule.HTTP.Paths[0].Backend.Service.Name
		})
		if i < 0 || s.Services[i].Annotations["cloud.google.com/neg"] != `{"ingress": true}` {
			t.Errorf("%s does not lead straight to pods", rule.Host)
		}
	}
	if got := fmt.Sprint(at(s.OfKind("ManagedCertificate")[0].Content, "spec.domains")); got != fmt.Sprint(hosts) {
		t.Errorf("the certificate is for %s, served are %v", got, hosts)
	}
}
