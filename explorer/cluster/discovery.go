package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"pilothouse/explorer/problem"
)

// Kinds gives the kinds that the API server serves, discovering them on first
// use. While the cluster is held they are kept fresh; else they are discovered
// again when they are older than a minute. Groups that could not be discovered
// are in Kinds.Problems; an error means that nothing could.
func (c *Cluster) Kinds(ctx context.Context) (*Kinds, error) {
	c.mu.Lock()
	kinds := c.kinds
	fresh := kinds != nil && (c.holders > 0 || time.Since(c.kindsAt) < c.settings.timing.kindsAge)
	c.mu.Unlock()
	if fresh {
		return kinds, nil
	}
	return c.discover(ctx)
}

// discover asks for the kinds, once for all who ask at the same time.
func (c *Cluster) discover(ctx context.Context) (*Kinds, error) {
	c.mu.Lock()
	if c.discovery == nil || c.discovery.landed() {
		over := c.wire
		c.discovery = launch(c.workers, func(ctx context.Context) (*Kinds, error) {
			kinds, err := c.askKinds(ctx)
			if err == nil {
				c.keepKinds(over, kinds)
			}
			return kinds, err
		})
	}
	flight := c.discovery
	c.mu.Unlock()
	return flight.wait(ctx)
}

// keepKinds takes kinds that were discovered over a wire.
func (c *Cluster) keepKinds(over *wire, kinds *Kinds) {
	c.mu.Lock()
	changed := false
	if over == c.wire {
		changed = c.kinds == nil || !c.kinds.equal(kinds)
		if changed {
			c.kinds = kinds
		}
		c.kindsAt = time.Now()
	}
	c.mu.Unlock()
	if changed {
		c.listeners.call()
	}
}

// askKinds asks for all groups, in the aggregated form where the server has it.
func (c *Cluster) askKinds(ctx context.Context) (*Kinds, error) {
	client, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	asker, err := discovery.NewDiscoveryClientForConfigAndClient(client.rest, client.http)
	if err != nil {
		return nil, client.tellConfiguration(err)
	}
	deadline := c.settings.timing.discovery
	ctx, cancel := context.WithTimeoutCause(ctx, deadline, deadlineError{deadline})
	defer cancel()
	began := time.Now()
	versions, failed, err := askGroups(ctx, asker)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if client.wire.ctx.Err() != nil {
			err = context.Cause(client.wire.ctx)
		}
		if !errors.Is(err, context.Canceled) {
			err = client.tell("discovering the kinds of "+c.id, err)
		}
		c.observe(client.wire, began, err)
		return nil, err
	}
	c.observe(client.wire, began, nil)
	return newKinds(versions, client.tellGroups(failed)), nil
}

// askGroups gives every kind in every version, and why groups are missing.
func askGroups(ctx context.Context, asker *discovery.DiscoveryClient) ([]Kind, map[schema.GroupVersion]error, error) {
	groups, resources, failed, err := asker.GroupsAndMaybeResourcesWithContext(ctx)
	if err != nil {
		return nil, nil, err
	}
	if resources != nil {
		return kindsOf(groups.Groups, resources), failed, nil
	}
	// A server before Kubernetes 1.26, or one group at a time is all it knows.
	found, lists, err := asker.ServerGroupsAndResourcesWithContext(ctx)
	failed, partial := discovery.GroupDiscoveryFailedErrorGroups(err)
	if err != nil && !partial {
		return nil, nil, err
	}
	resources = map[schema.GroupVersion]*metav1.APIResourceList{}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the groups: %w", err)
		}
		resources[version] = list
	}
	list := make([]metav1.APIGroup, len(found))
	for i, group := range found {
		list[i] = *group
	}
	return kindsOf(list, resources), failed, nil
}

// kindsOf gives every kind in every version, groups in the server's order and
// the preferred version of each first.
func kindsOf(groups []metav1.APIGroup, resources map[schema.GroupVersion]*metav1.APIResourceList) []Kind {
	var kinds []Kind
	for _, group := range groups {
		for _, version := range preferredFirst(group) {
			list := resources[schema.GroupVersion{Group: group.Name, Version: version}]
			if list == nil {
				continue
			}
			for _, r := range list.APIResources {
				if strings.Contains(r.Name, "/") {
					continue // a subresource
				}
				kinds = append(kinds, Kind{
					Group: group.Name, Version: version, Resource: r.Name, Kind: r.Kind,
					Singular: r.SingularName, ShortNames: r.ShortNames, Categories: r.Categories,
					Namespaced: r.Namespaced, Verbs: r.Verbs,
					Custom: !builtInGroup(group.Name),
				})
			}
		}
	}
	return kinds
}

func preferredFirst(group metav1.APIGroup) []string {
	versions := []string{group.PreferredVersion.Version}
	for _, v := range group.Versions {
		if v.Version != group.PreferredVersion.Version {
			versions = append(versions, v.Version)
		}
	}
	return versions
}

// builtInGroup tells whether kube-apiserver itself serves the group. The names
// are those of k8s.io/api and of the two servers that kube-apiserver carries;
// other groups may end in k8s.io, too, without being built in.
func builtInGroup(group string) bool {
	switch group {
	case "", "apps", "autoscaling", "batch", "extensions", "policy",
		"admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io",
		"authentication.k8s.io", "authorization.k8s.io", "certificates.k8s.io",
		"coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
		"flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io",
		"node.k8s.io", "rbac.authorization.k8s.io", "resource.k8s.io",
		"scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io":
		return true
	}
	return false
}

// tellGroups tells which groups are missing.
func (n narrator) tellGroups(failed map[schema.GroupVersion]error) []problem.Detail {
	var details []problem.Detail
	for version, err := range failed {
		service := version.Version + "." + version.Group
		p := &problem.Error{
			Code:        problem.KindUnknown,
			Message:     fmt.Sprintf("the kinds of %s are missing: the server that extends %s by them does not answer", version, n.context.ID),
			Tried:       "discovering " + version.String(),
			Suggestions: []string{"look at the APIService " + service + " and the Service it names"},
			Err:         err,
		}
		details = append(details, *p.Detail())
	}
	slices.SortFunc(details, func(a, b problem.Detail) int { return cmp.Compare(a.Message, b.Message) })
	return details
}
