package tree

import (
	"context"
	"slices"
	"unique"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"

	"k8s.io/apimachinery/pkg/fields"
)

// Columns of lists that hold objects of several kinds.
func mixedColumns() []definition {
	return []definition{{Name: "Name"}, {Name: "Kind"}, {Name: "Status"}, {Name: "Age"}}
}

// mixedRow is an object's row in such a list. The list's lock is held.
func mixedRow(n nodeID, l *list, r *row) Row {
	o := objectID{kind: l.kind.ID(), namespace: text(r.namespace), name: r.name()}
	out := Row{
		ID: join(n.text, o.segment()), Type: NodeObject, Name: o.name, Description: l.kind.Kind,
		Object: objectRef(n.context, l.kind, r), Cells: []string{o.name, l.kind.Kind, r.statusText(), ""},
		Status: r.statusText(), Health: healths[r.health], Expandable: hasChildren(l.kind),
	}
	if r.created != 0 {
		out.Cells[3], out.Times = timeMark, map[int]int64{3: r.created}
	}
	return out
}

// ownedByCustom are the built-in kinds looked through for what a custom resource controls;
// custom kinds of its own group are, too.
func ownedByCustom() []string {
	return []string{
		"deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "jobs.batch", "cronjobs.batch", "pods",
		"services", "ingresses.networking.k8s.io", "configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts", "poddisruptionbudgets.policy",
	}
}

// ownedRows are the objects that a custom resource controls, of whatever kind.
func (t *Tree) ownedRows(cl *cluster.Cluster, n nodeID, o objectID) (*list, func(context.Context)) {
	c := newComputed(mixedColumns()...)
	return c.list, func(ctx context.Context) {
		defer cl.Hold()()
		defer cl.OnChange(c.kick)()
		feeds := t.newFeedSet(cl, c)
		defer feeds.release()
		c.parts = feeds
		c.keep(ctx, func(ctx context.Context) ([]Row, error) {
			kinds, err := cl.Kinds(ctx)
			if err != nil {
				return nil, err
			}
			parent, ok := kinds.ByID(o.kind)
			if !ok || !parent.Custom {
				return nil, nil
			}
			owner := unique.Make(ownerName(parent, o.name))
			var rows []Row
			for _, k := range kinds.All() {
				sibling := k.Custom && k.Group == parent.Group && k.ID() != parent.ID()
				if !k.Namespaced || !k.Can("watch") || !sibling && !slices.Contains(ownedByCustom(), k.ID()) {
					continue
				}
				l := feeds.of(selection{kind: k.ID(), namespace: o.namespace})
				rows = append(rows, mixedRows(n, l, func(r *row) bool { return r.owner == owner })...)
			}
			if failures := feeds.failures; len(failures) > 0 {
				rows = append(rows, message(n.text, &problem.Detail{
					Code: failures[0].Code, Cause: failures[0].Message,
					Message: countOf(len(failures), "kind", "kinds") + " could not be looked through",
				}))
			}
			return rows, nil
		})
	}
}

// mixedRows gives a list's matching rows by name.
func mixedRows(n nodeID, l *list, match func(*row) bool) []Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []*row
	for _, r := range l.rows {
		if r.special == nil && match(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, byName)
	rows := make([]Row, 0, len(found))
	for _, r := range found {
		rows = append(rows, mixedRow(n, l, r))
	}
	return rows
}

// servicePods are the pods that a service selects. The selector is one of the columns
// that the API server prints for a service, so that it is followed like any other change.
func (t *Tree) servicePods(cl *cluster.Cluster, n nodeID, o objectID) (*list, func(context.Context)) {
	c := newComputed(mixedColumns()...)
	return c.list, func(ctx context.Context) {
		feeds := t.newFeedSet(cl, c)
		defer feeds.release()
		c.parts = feeds
		service := selection{kind: "services", namespace: o.namespace, fields: fields.OneTermEqualSelector("metadata.name", o.name).String()}
		c.keep(ctx, func(context.Context) ([]Row, error) {
			selector := selectorOf(feeds.of(service))
			if selector == "" || selector == "<none>" {
				feeds.only(service)
				return messages(n.text, feeds.failures), nil
			}
			pods := selection{kind: "pods", namespace: o.namespace, labels: selector}
			l := feeds.of(pods)
			feeds.only(service, pods)
			return append(mixedRows(n, l, all), messages(n.text, feeds.failures)...), nil
		})
	}
}

// selectorOf reads the selector off the one service in the list.
func selectorOf(l *list) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	column := slices.IndexFunc(l.table.columns, func(c Column) bool { return c.Name == "Selector" })
	for _, r := range l.rows {
		if column >= 0 {
			return r.cell(column)
		}
	}
	return ""
}
