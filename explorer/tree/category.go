package tree

import (
	"slices"
	"strings"

	"pilothouse/explorer/cluster"
)

// category is a group of kinds as people expect them together.
type category struct {
	id, name string
	// kinds are the ids of its kinds in the order shown; kinds of the groups follow them.
	kinds  []string
	groups []string
}

// categories lists them in the order shown. A kind that none names is custom, or
// belongs to "administration".
func categories() []category {
	return []category{
		{id: "workloads", name: "Workloads", kinds: []string{
			"pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps",
			"replicasets.apps", "replicationcontrollers", "controllerrevisions.apps", "podtemplates",
		}},
		{id: "batch", name: "Batch", kinds: []string{"jobs.batch", "cronjobs.batch"}},
		{
			id: "network", name: "Network", kinds: []string{
				"services", "ingresses.networking.k8s.io", "endpointslices.discovery.k8s.io",
				"endpoints", "networkpolicies.networking.k8s.io", "ingressclasses.networking.k8s.io",
			},
			groups: []string{"networking.k8s.io", "gateway.networking.k8s.io", "policy.networking.k8s.io"},
		},
		{id: "config", name: "Config", kinds: []string{"configmaps", "secrets", "resourcequotas", "limitranges"}},
		{
			id: "storage", name: "Storage", kinds: []string{"persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"},
			groups: []string{"storage.k8s.io", "snapshot.storage.k8s.io", "storagemigration.k8s.io", "resource.k8s.io"},
		},
		{
			id: "access", name: "Access", kinds: []string{
				"serviceaccounts", "roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io",
				"clusterroles.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io",
			},
			groups: []string{"certificates.k8s.io"},
		},
		{id: "autoscaling", name: "Autoscaling", kinds: []string{"horizontalpodautoscalers.autoscaling"}, groups: []string{"autoscaling.k8s.io"}},
		{
			id: "policy", name: "Policy", kinds: []string{"poddisruptionbudgets.policy", "priorityclasses.scheduling.k8s.io"},
			groups: []string{"policy", "admissionregistration.k8s.io"},
		},
		{id: "administration", name: "Administration", kinds: []string{"events", "customresourcedefinitions.apiextensions.k8s.io"}},
		{id: "custom", name: "Custom resources"},
	}
}

// duplicates are kinds that show the objects of another.
var duplicates = map[string]string{"events.events.k8s.io": "events", "ingresses.extensions": "ingresses.networking.k8s.io"}

// categoryOf gives the id of the category a kind belongs to.
func categoryOf(k cluster.Kind) string {
	for _, c := range categories() {
		if slices.Contains(c.kinds, k.ID()) || k.Group != "" && slices.Contains(c.groups, k.Group) {
			return c.id
		}
	}
	if k.Custom {
		return "custom"
	}
	return "administration"
}

// kindsOf gives the kinds of a category that can be listed in the place, as they are shown.
func (c category) kindsOf(kinds *cluster.Kinds, place string) []cluster.Kind {
	var found []cluster.Kind
	for _, k := range kinds.All() {
		if categoryOf(k) == c.id && shownIn(k, kinds, place) {
			found = append(found, k)
		}
	}
	slices.SortStableFunc(found, func(a, b cluster.Kind) int {
		i, j := slices.Index(c.kinds, a.ID()), slices.Index(c.kinds, b.ID())
		switch {
		case i >= 0 && j >= 0:
			return i - j
		case i >= 0:
			return -1
		case j >= 0:
			return 1
		}
		if order := strings.Compare(a.Group, b.Group); order != 0 {
			return order
		}
		return strings.Compare(a.Resource, b.Resource)
	})
	return found
}

// shownIn tells whether a kind's objects can be listed in the place and stand nowhere else.
func shownIn(k cluster.Kind, kinds *cluster.Kinds, place string) bool {
	if !k.Can("list") || k.Namespaced != (place != placeCluster) {
		return false
	}
	if other, is := duplicates[k.ID()]; is {
		_, both := kinds.ByID(other)
		return !both
	}
	return !(place == placeCluster && (k.ID() == "nodes" || k.ID() == "namespaces")) // they have places of their own
}
