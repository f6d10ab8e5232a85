package manifest_test

// deprecations are what Kubernetes up to 1.37 warns of or does not do any more: fields, annotations and labels, each with
// the release since which that is so, and what is used instead. They are those of the API server's own warnings
// (pkg/api/*/warnings.go and pkg/api/node/util.go of Kubernetes), and of the comments of its types.
func deprecations() map[string]string {
	all := map[string]string{
		"externalIPs":    "1.36, a Service of type LoadBalancer, or a Gateway",
		"loadBalancerIP": "1.24, the annotations of the load balancer",
		"serviceAccount": "1.0, serviceAccountName",
		"service.kubernetes.io/topology-aware-hints":      "1.27, trafficDistribution",
		"kubernetes.io/ingress.class":                     "1.18, ingressClassName",
		"volume.beta.kubernetes.io/storage-class":         "1.8, storageClassName",
		"volume.beta.kubernetes.io/mount-options":         "1.31, mountOptions",
		"scheduler.alpha.kubernetes.io/critical-pod":      "1.16, priorityClassName",
		"security.alpha.kubernetes.io/sysctls":            "1.11, sysctls",
		"security.alpha.kubernetes.io/unsafe-sysctls":     "1.11, sysctls",
		"seccomp.security.alpha.kubernetes.io/pod":        "1.27, seccompProfile",
		"beta.kubernetes.io/arch":                         "1.14, kubernetes.io/arch",
		"beta.kubernetes.io/os":                           "1.14, kubernetes.io/os",
		"beta.kubernetes.io/instance-type":                "1.17, node.kubernetes.io/instance-type",
		"failure-domain.beta.kubernetes.io/region":        "1.17, topology.kubernetes.io/region",
		"failure-domain.beta.kubernetes.io/zone":          "1.17, topology.kubernetes.io/zone",
		"scheduler.alpha.kubernetes.io/preferAvoidPods":   "1.22, taints and tolerations",
		"node-role.kubernetes.io/master":                  "1.20, node-role.kubernetes.io/control-plane",
		"app.kubernetes.io/created-by":                    "1.9, app.kubernetes.io/managed-by",
		"container.apparmor.security.beta.kubernetes.io/": "1.30, appArmorProfile",
		"container.seccomp.security.alpha.kubernetes.io/": "1.27, seccompProfile",
	}
	for since, plugins := range map[string][]string{
		"1.11": {"gitRepo", "photonPersistentDisk"}, "1.16": {"scaleIO"}, "1.22": {"flocker", "quobyte", "storageos"}, "1.23": {"flexVolume"}, "1.25": {"glusterfs"}, "1.28": {"cephfs", "rbd"},
		"1.17": {"gcePersistentDisk", "awsElasticBlockStore", "vsphereVolume"}, "1.18": {"cinder"}, "1.19": {"azureDisk"}, "1.21": {"azureFile"}, "1.31": {"portworxVolume"},
	} {
		for _, plugin := range plugins {
			all[plugin] = since + ", a CSI driver"
		}
	}
	return all
}

// deprecatedKinds are built-in ones that are deprecated though their version is v1.
func deprecatedKinds() map[string]string {
	return map[string]string{"v1 Endpoints": "1.33, EndpointSlice", "v1 ComponentStatus": "1.19, the health of each component"}
}

// deprecatedValues are of fields that are not.
func deprecatedValues() map[string]string {
	return map[string]string{"trafficDistribution: PreferClose": "1.34, PreferSameZone", "persistentVolumeReclaimPolicy: Recycle": "1.15, provisioning on demand"}
}
