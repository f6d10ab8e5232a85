package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	yamlutil "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Set has the objects of a rendered kustomization, by kind.
type Set struct {
	Deployments     []*appsv1.Deployment
	StatefulSets    []*appsv1.StatefulSet
	Jobs            []*batchv1.Job
	CronJobs        []*batchv1.CronJob
	Services        []*corev1.Service
	ConfigMaps      []*corev1.ConfigMap
	Namespaces      []*corev1.Namespace
	Volumes         []*corev1.PersistentVolume
	ServiceAccounts []*corev1.ServiceAccount
	StorageClasses  []*storagev1.StorageClass
	Policies        []*networkingv1.NetworkPolicy
	Ingresses       []*networkingv1.Ingress
	Autoscalers     []*autoscalingv2.HorizontalPodAutoscaler
	Budgets         []*policyv1.PodDisruptionBudget
	// Others are objects of custom kinds, and of kinds that have no field above.
	Others []Other
}

// Deployment is Kubernetes's type, so that callers need not import its package.
type Deployment = appsv1.Deployment

// StatefulSet is Kubernetes's type, likewise.
type StatefulSet = appsv1.StatefulSet

// Other is an object without a Go type.
type Other struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Content           map[string]any `json:"-"`
}

// Parse parses rendered YAML strictly: an unknown field is an error.
func Parse(rendered []byte) (*Set, error) {
	s := &Set{}
	reader := yamlutil.NewYAMLReader(bufio.NewReader(bytes.NewReader(rendered)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, fmt.Errorf("split the rendered YAML: %w", err)
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		if err := s.add(document); err != nil {
			return nil, err
		}
	}
}

func (s *Set) add(document []byte) error {
	var o Other
	if err := yaml.Unmarshal(document, &o); err != nil {
		return fmt.Errorf("read an object: %w", err)
	}
	var err error
	switch o.APIVersion + " " + o.Kind {
	case "apps/v1 Deployment":
		s.Deployments, err = read(s.Deployments, document)
	case "apps/v1 StatefulSet":
		s.StatefulSets, err = read(s.StatefulSets, document)
	case "batch/v1 Job":
		s.Jobs, err = read(s.Jobs, document)
	case "batch/v1 CronJob":
		s.CronJobs, err = read(s.CronJobs, document)
	case "v1 Service":
		s.Services, err = read(s.Services, document)
	case "v1 ConfigMap":
		s.ConfigMaps, err = read(s.ConfigMaps, document)
	case "v1 Namespace":
		s.Namespaces, err = read(s.Namespaces, document)
	case "v1 PersistentVolume":
		s.Volumes, err = read(s.Volumes, document)
	case "v1 ServiceAccount":
		s.ServiceAccounts, err = read(s.ServiceAccounts, document)
	case "storage.k8s.io/v1 StorageClass":
		s.StorageClasses, err = read(s.StorageClasses, document)
	case "networking.k8s.io/v1 NetworkPolicy":
		s.Policies, err = read(s.Policies, document)
	case "networking.k8s.io/v1 Ingress":
		s.Ingresses, err = read(s.Ingresses, document)
	case "autoscaling/v2 HorizontalPodAutoscaler":
		s.Autoscalers, err = read(s.Autoscalers, document)
	case "policy/v1 PodDisruptionBudget":
		s.Budgets, err = read(s.Budgets, document)
	default:
		if err = yaml.Unmarshal(document, &o.Content); err == nil {
			s.Others = append(s.Others, o)
		}
	}
	if err != nil {
		return fmt.Errorf("read %s %s: %w", o.Kind, o.Name, err)
	}
	return nil
}

func read[T any](list []*T, document []byte) ([]*T, error) {
	object := new(T)
	if err := yaml.UnmarshalStrict(document, object); err != nil {
		return list, err
	}
	return append(list, object), nil
}

// Workload is an object that runs pods.
type Workload struct {
	Kind string
	Name string
	Pod  *corev1.PodTemplateSpec
	// Selector is nil for Jobs, whose selector Kubernetes makes.
	Selector *metav1.LabelSelector
}

// Workloads are all objects that run pods.
func (s *Set) Workloads() (all []Workload) {
	for _, d := range s.Deployments {
		all = append(all, Workload{"Deployment", d.Name, &d.Spec.Template, d.Spec.Selector})
	}
	for _, d := range s.StatefulSets {
		all = append(all, Workload{"StatefulSet", d.Name, &d.Spec.Template, d.Spec.Selector})
	}
	for _, d := range s.Jobs {
		all = append(all, Workload{"Job", d.Name, &d.Spec.Template, nil})
	}
	for _, d := range s.CronJobs {
		all = append(all, Workload{"CronJob", d.Name, &d.Spec.JobTemplate.Spec.Template, nil})
	}
	return all
}

// OfKind returns the untyped objects of a kind.
func (s *Set) OfKind(kind string) (found []Other) {
	for _, o := range s.Others {
		if o.Kind == kind {
			found = append(found, o)
		}
	}
	return found
}
