package doctor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// examineIngresses asks whether an Ingress controller serves the overlay's host names.
func (c checker) examineIngresses(ctx context.Context, current string) (found []Finding) {
	if c.Set == nil || len(c.Set.Ingresses) == 0 {
		return nil
	}
	var list struct {
		Items []struct {
			Metadata struct {
				Name        string
				Annotations map[string]string
			}
		}
	}
	if err := c.Get(ctx, "", "ingressclasses", &list); err != nil {
		return []Finding{{"the IngressClasses cannot be read", "kubectl get ingressclasses"}}
	}
	standard, names := "", []string{}
	for _, class := range list.Items {
		names = append(names, class.Metadata.Name)
		if class.Metadata.Annotations["ingressclass.kubernetes.io/is-default-class"] == "true" {
			standard = class.Metadata.Name
		}
	}
	if current != "minikube" && len(names) == 0 {
		return nil // a cluster that runs without an Ingress controller: it is reached by node ports
	}
	unknown, unnamed := map[string][]string{}, []string{}
	for _, i := range c.Set.Ingresses {
		switch class := i.Spec.IngressClassName; {
		case class != nil && !slices.Contains(names, *class):
			unknown[*class] = append(unknown[*class], i.Name)
		case class == nil && i.Annotations["kubernetes.io/ingress.class"] == "":
			unnamed = append(unnamed, i.Name)
		}
	}
	for _, class := range slices.Sorted(maps.Keys(unknown)) {
		found = append(found, Finding{fmt.Sprintf("the Ingress of %s names the class %s, and the cluster has %s: no controller serves its names", strings.Join(unknown[class], ", "), class, cmp.Or(strings.Join(names, ", "), "none")), "kubectl apply -k kustomize/traefik/controller"})
	}
	if len(unnamed) > 0 {
		found = append(found, Finding{fmt.Sprintf("the Ingress of %s names no class, so %s serves it", strings.Join(unnamed, ", "), cmp.Or(standard, "no controller")), fmt.Sprintf("name one in %s/kustomization.yaml", c.Overlay())})
	}
	return append(found, c.otherClasses(ctx)...)
}

// otherClasses finds Ingresses of the overlay that the cluster does not have, or has with another class.
func (c checker) otherClasses(ctx context.Context) (found []Finding) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ IngressClassName string }
		}
	}
	if err := c.Get(ctx, c.Namespace(), "ingresses", &list); err != nil {
		return []Finding{{"the Ingresses cannot be read", c.Kubectl("get ingresses")}}
	}
	for _, want := range c.Set.Ingresses {
		if want.Spec.IngressClassName == nil {
			continue
		}
		has := ""
		for _, i := range list.Items {
			if i.Metadata.Name == want.Name {
				has = cmp.Or(i.Spec.IngressClassName, "none")
			}
		}
		if has != *want.Spec.IngressClassName {
			found = append(found, Finding{fmt.Sprintf("the Ingress %s in the cluster names the class %s, and git %s", want.Name, cmp.Or(has, "none, since it is not there"), *want.Spec.IngressClassName), "kubectl apply -k " + c.Overlay()})
		}
	}
	return found
}
