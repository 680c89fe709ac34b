package tree

import (
	"context"
	"fmt"
	"net/url"
	"unique"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"

	"k8s.io/apimachinery/pkg/fields"
)

// children finds or starts the list that holds a node's children, and tells which of
// its rows they are. The caller releases the branch.
func (t *Tree) children(n nodeID, f Filter) (*branch, func(*row) bool, error) {
	if n.context == "" {
		if f.selects() {
			return nil, nil, noSelectors()
		}
		return t.acquire("", t.contextRows), all, nil
	}
	c, err := t.contexts.Open(n.context)
	if err != nil {
		return nil, nil, err
	}
	computed := func(start func(*cluster.Cluster, nodeID) (*list, func(context.Context))) (*branch, func(*row) bool, error) {
		if f.selects() {
			return nil, nil, noSelectors()
		}
		return t.acquire(n.text, func() (*list, func(context.Context)) { return start(c, n) }), all, nil
	}
	switch {
	case len(n.objects) > 0:
		return t.objectChildren(c, n, f)
	case n.kind != "":
		return t.acquireFeed(c, selection{kind: n.kind, namespace: n.namespace, labels: f.Labels, fields: f.Fields}), all, nil
	case n.category != "":
		return computed(t.kindRows)
	case n.place == "":
		return computed(t.placeRows)
	case n.place == placeOverview:
		return computed(t.overviewRows)
	case n.place == placeNamespaces && n.namespace == "":
		return t.acquireFeed(c, selection{kind: "namespaces", labels: f.Labels, fields: f.Fields}), all, nil
	}
	return computed(t.categoryRows)
}

// noSelectors refuses what no API server could evaluate for rows that stand in no one list.
func noSelectors() error {
	return &problem.Error{
		Code: problem.InvalidQuery, Message: "these rows cannot be chosen by labels or fields",
		Suggestions: []string{"filter them by name or status", "use selectors below a kind"},
	}
}

// selection is the part of a kind's objects that a feed follows.
type selection struct {
	kind      string // the kind's id
	namespace string // "" for all
	labels    string
	fields    string
	// containers asks for the containers of the one pod selected, not for its printed row.
	containers bool
}

func (s selection) key(context string) string {
	return fmt.Sprintf("%q %q %q %q %q %v", context, s.kind, s.namespace, s.labels, s.fields, s.containers)
}

// acquireFeed finds or starts the feed of a selection. The caller releases it.
func (t *Tree) acquireFeed(c *cluster.Cluster, s selection) *branch {
	id := c.Context().ID
	return t.acquire(s.key(id), func() (*list, func(context.Context)) {
		query := url.Values{}
		if s.labels != "" {
			query.Set("labelSelector", s.labels)
		}
		if s.fields != "" {
			query.Set("fieldSelector", s.fields)
		}
		f := &feed{
			list:      newList(nil, s.kind),
			source:    c,
			selection: s,
			query:     query,
			find:      findKind(s.kind, c.Kinds),
			accept:    acceptTables,
			reader:    tableReader,
			changed:   make(chan struct{}, 1),
			log:       t.log.With("context", id),
		}
		switch {
		case s.containers:
			f.accept, f.reader = "application/json", containerReader(id)
		case s.kind == "namespaces" && s.labels == "" && s.fields == "":
			f.instead = func(p *problem.Error) []Row { return knownNamespaces(c, p) }
		}
		return f.list, f.run
	})
}

// objectChildren finds what stands below an object: the containers of a pod, the pods of
// a node or a service, and what the object controls.
func (t *Tree) objectChildren(c *cluster.Cluster, n nodeID, f Filter) (*branch, func(*row) bool, error) {
	o := n.objects[len(n.objects)-1]
	s := selection{namespace: o.namespace, labels: f.Labels, fields: f.Fields}
	relation, controls := controls()[o.kind]
	if f.selects() && !controls && o.kind != "nodes" {
		return nil, nil, noSelectors()
	}
	switch o.kind {
	case "pods":
		s.kind, s.containers, s.fields = "pods", true, fields.OneTermEqualSelector("metadata.name", o.name).String()
		return t.acquireFeed(c, s), all, nil
	case "nodes":
		s.kind, s.fields = "pods", and(s.fields, fields.OneTermEqualSelector("spec.nodeName", o.name).String())
		return t.acquireFeed(c, s), all, nil
	case "services":
		return t.acquire(n.text, func() (*list, func(context.Context)) { return t.servicePods(c, n, o) }), all, nil
	}
	if controls {
		s.kind = relation.child
		owner := unique.Make(relation.owner + ":" + o.name)
		return t.acquireFeed(c, s), func(r *row) bool { return r.owner == owner }, nil
	}
	return t.acquire(n.text, func() (*list, func(context.Context)) { return t.ownedRows(c, n, o) }), all, nil
}

func and(selector, more string) string {
	if selector == "" {
		return more
	}
	return selector + "," + more
}

// control tells what objects of a kind control.
type control struct {
	owner string // the kind as ownerName writes it
	child string // the id of the controlled objects' kind
}

// controls are the relations that Kubernetes' own controllers keep.
func controls() map[string]control {
	return map[string]control{
		"deployments.apps":       {"Deployment.apps", "replicasets.apps"},
		"replicasets.apps":       {"ReplicaSet.apps", "pods"},
		"statefulsets.apps":      {"StatefulSet.apps", "pods"},
		"daemonsets.apps":        {"DaemonSet.apps", "pods"},
		"replicationcontrollers": {"ReplicationController.", "pods"},
		"jobs.batch":             {"Job.batch", "pods"},
		"cronjobs.batch":         {"CronJob.batch", "jobs.batch"},
	}
}

// hasChildren tells whether objects of the kind may have rows below them.
func hasChildren(k cluster.Kind) bool {
	switch k.ID() {
	case "pods", "nodes", "services":
		return true
	}
	_, does := controls()[k.ID()]
	return does || k.Custom && k.Namespaced
}
