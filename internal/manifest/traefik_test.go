package manifest_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"auth.books.test/internal/manifest"
)

// What docs/proxies asks of Traefik, and what a controller of development clusters may not do.
func TestTraefikServesOneClassAndCallsNobody(t *testing.T) {
	for _, dir := range controllers()[1:] {
		s := controller(t, dir)
		c := s.Deployments[0].Spec.Template.Spec.Containers[0]
		for _, argument := range []string{
			"--global.checknewversion=false", "--global.sendanonymoususage=false", "--providers.kubernetesingress.ingressclass=traefik", "--providers.kubernetesingress.namespaces=auth",
			"--entrypoints.web.http.aliasheadersstrategy=delete", "--entrypoints.web.http.encodedcharacters.allowencodedslash=false", "--entrypoints.web.asdefault=true",
		} {
			if !slices.Contains(c.Args, argument) {
				t.Errorf("%s: no %s", dir, argument)
			}
		}
		for _, argument := range c.Args {
			if strings.HasPrefix(argument, "--api") || strings.Contains(argument, "insecure") || strings.Contains(argument, "trustedips") || strings.Contains(argument, "acme") || strings.Contains(argument, "certificatesresolvers") {
				t.Errorf("%s: %s", dir, argument)
			}
		}
		if i := slices.IndexFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.HostPort != 0 }); i < 0 || c.Ports[i].HostPort != 80 || c.Ports[i].ContainerPort != 8000 {
			t.Errorf("%s: it is not at port 80 of the node: %v", dir, c.Ports)
		}
		classes := s.OfKind("IngressClass")
		if len(classes) != 1 || len(classes[0].Annotations) > 0 {
			t.Fatalf("%s: %v", dir, classes)
		}
		for _, i := range parse(t, render(t, "minikube")).Ingresses {
			if *i.Spec.IngressClassName != classes[0].Name {
				t.Errorf("nobody serves %s", i.Name)
			}
		}
	}
}

// Traefik's policy and those of the services have to agree: it opens to whoever the routes lead to.
func TestTraefikReachesTheServices(t *testing.T) {
	platform, traefik := parse(t, render(t, "minikube")), controller(t, "kustomize/traefik/controller")
	peer := traefik.Policies[0].Spec.Egress[0]
	for _, i := range platform.Ingresses {
		pod := slices.IndexFunc(platform.Deployments, func(d *deployment) bool { return d.Name == i.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Name })
		labels := platform.Deployments[pod].Spec.Template.Labels
		if !matches(peer.To[0].PodSelector, labels) || peer.Ports[0].Port.IntVal != platform.Deployments[pod].Spec.Template.Spec.Containers[0].Ports[0].ContainerPort {
			t.Errorf("Traefik may not ask %s", i.Name)
		}
		if !slices.ContainsFunc(platform.Policies, func(p *policy) bool {
			return matches(&p.Spec.PodSelector, labels) && slices.ContainsFunc(p.Spec.Ingress, func(in ingressRule) bool { return len(in.From) == 0 && in.Ports[0].Port.StrVal == "http" })
		}) {
			t.Errorf("%s does not let Traefik in", i.Name)
		}
	}
}

func TestGatewayOfMinikubeHasTheRoutesOfGKE(t *testing.T) {
	gke, minikube := parse(t, render(t, "gke")), withComponent(t, "minikube", "gateway")
	if found := routes(minikube); len(found)+len(minikube.Ingresses) > 0 {
		t.Errorf("%v, and %d Ingresses", found, len(minikube.Ingresses))
	}
	spec := func(o manifest.Other) map[string]any { s, _ := o.Content["spec"].(map[string]any); return s }
	theirs, ours := gke.OfKind("HTTPRoute"), minikube.OfKind("HTTPRoute")
	if len(theirs) != len(ours) || len(ours) == 0 {
		t.Fatalf("%d and %d routes", len(theirs), len(ours))
	}
	var hosts []any
	for i := range ours {
		a, b := spec(theirs[i]), spec(ours[i])
		hosts = append(hosts, b["hostnames"].([]any)...)
		delete(a, "hostnames")
		delete(b, "hostnames")
		if ours[i].Name != theirs[i].Name || !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %v, and on GKE %v", ours[i].Name, b, a)
		}
	}
	var named []any
	for _, i := range parse(t, render(t, "minikube")).Ingresses {
		named = append(named, i.Spec.Rules[0].Host)
	}
	if !slices.Equal(hosts, named) {
		t.Errorf("routes of %v, Ingresses of %v", hosts, named)
	}
	gateway, class := minikube.OfKind("Gateway"), controller(t, "kustomize/traefik/gateway").OfKind("GatewayClass")
	if len(gateway) != 1 || len(class) != 1 || spec(gateway[0])["gatewayClassName"] != class[0].Name {
		t.Errorf("%v is not of the class %v", gateway, class)
	}
	listener, _ := spec(gateway[0])["listeners"].([]any)[0].(map[string]any)
	container := controller(t, "kustomize/traefik/gateway").Deployments[0].Spec.Template.Spec.Containers[0]
	if int32(listener["port"].(float64)) != container.Ports[0].ContainerPort {
		t.Errorf("Traefik has no entry point at port %v", listener["port"])
	}
}
