package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func (c checker) examineVolumes(ctx context.Context) (found []Finding) {
	var list corev1.PersistentVolumeList
	if err := c.Get(ctx, "", "persistentvolumes", &list); err != nil {
		return []Finding{{"the volumes cannot be read", "kubectl get persistentvolumes"}}
	}
	for _, v := range list.Items {
		if r := v.Spec.ClaimRef; r != nil && r.Namespace == c.Namespace() && v.Status.Phase == corev1.VolumeReleased {
			found = append(found, Finding{fmt.Sprintf("the volume %s is Released: its claim was deleted, and a new claim cannot use it", v.Name),
				fmt.Sprintf(`kubectl patch pv %s --type=json -p='[{"op":"remove","path":"/spec/claimRef/uid"},{"op":"remove","path":"/spec/claimRef/resourceVersion"}]'`, v.Name)})
		}
	}
	return found
}

// examineNodePorts finds Services of other namespaces that have a node port of the overlay.
func (c checker) examineNodePorts(ctx context.Context) (found []Finding) {
	var wanted []int32
	if c.Set != nil {
		for _, s := range c.Set.Services {
			for _, p := range s.Spec.Ports {
				if p.NodePort != 0 {
					wanted = append(wanted, p.NodePort)
				}
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var list corev1.ServiceList
	if err := c.Get(ctx, "", "services", &list); err != nil {
		return []Finding{{"the Services cannot be read", "kubectl get services --all-namespaces"}}
	}
	for _, s := range list.Items {
		for _, p := range s.Spec.Ports {
			if s.Namespace != c.Namespace() && slices.Contains(wanted, p.NodePort) {
				found = append(found, Finding{fmt.Sprintf("node port %d is taken by the Service %s in %s", p.NodePort, s.Name, s.Namespace),
					fmt.Sprintf("kubectl -n %s delete service %s", s.Namespace, s.Name)})
			}
		}
	}
	return found
}

// enforcers are networks that enforce network policies; Minikube's own accepts them
// and does nothing.
func enforcers() []string {
	return []string{"calico", "canal", "cilium", "antrea", "kube-router", "weave"}
}

func (c checker) examinePolicies(ctx context.Context, current string) []Finding {
	if current != "minikube" {
		return nil // cannot be seen from outside; make e2e tries it
	}
	var list appsv1.DaemonSetList
	if err := c.Get(ctx, "", "daemonsets", &list); err != nil {
		return []Finding{{"the network of the cluster cannot be read", "kubectl get daemonsets --all-namespaces"}}
	}
	for _, d := range list.Items {
		if slices.ContainsFunc(enforcers(), func(name string) bool { return strings.Contains(d.Name, name) }) {
			return nil
		}
	}
	return []Finding{{"this Minikube does not seem to enforce network policies", "minikube delete && make minikube-up"}}
}
