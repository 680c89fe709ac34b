package tree

import (
	"context"
	"fmt"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
)

// placeRows are the rows below a context.
func (t *Tree) placeRows(cl *cluster.Cluster, n nodeID) (*list, func(context.Context)) {
	c := newComputed()
	return c.list, func(ctx context.Context) {
		defer cl.Hold()()
		defer cl.OnChange(c.kick)()
		feeds := t.newFeedSet(cl, c)
		defer feeds.release()
		c.keep(ctx, func(context.Context) ([]Row, error) {
			rows := []Row{
				{ID: join(n.text, placeOverview), Type: NodeFolder, Name: "Overview", Expandable: true},
				summed(feeds.of(selection{kind: "nodes"}), Row{ID: join(n.text, placeNodes), Type: NodeKind, Kind: "nodes", Name: "Nodes", Expandable: true}),
				summed(feeds.of(selection{kind: "namespaces"}), Row{ID: join(n.text, placeNamespaces), Type: NodeFolder, Name: "Namespaces", Expandable: true}),
				{ID: join(n.text, placeAll), Type: NodeFolder, Name: "All namespaces", Expandable: true},
				{ID: join(n.text, placeCluster), Type: NodeFolder, Name: "Cluster resources", Expandable: true},
			}
			if p := cl.Status().Problem; p != nil {
				rows = append(rows, message(n.text, p))
			}
			return rows, nil
		})
	}
}

// summed fills in what a list knows about the rows below a row.
func summed(l *list, r Row) Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	count, worst, state := l.summary()
	if state == StateReconnecting || state == StateLive && l.problem == nil { // with one, rows stand in for what cannot be seen
		r.Count = &count
		r.Health = healths[worst]
	}
	if l.problem != nil {
		r.Problem, r.Detail = l.problem, l.problem.Message
	}
	return r
}

// categoryRows are the groups of kinds in a namespace, in all of them, or in the cluster.
func (t *Tree) categoryRows(cl *cluster.Cluster, n nodeID) (*list, func(context.Context)) {
	c := newComputed()
	return c.list, func(ctx context.Context) {
		defer cl.Hold()()
		defer cl.OnChange(c.kick)()
		c.keep(ctx, func(ctx context.Context) ([]Row, error) {
			kinds, err := cl.Kinds(ctx)
			if err != nil {
				return nil, err
			}
			var rows []Row
			for _, g := range categories() {
				if len(g.kindsOf(kinds, n.place)) > 0 {
					rows = append(rows, Row{ID: join(n.text, g.id), Type: NodeFolder, Name: g.name, Expandable: true})
				}
			}
			for _, p := range kinds.Problems() {
				rows = append(rows, message(n.text, &p))
			}
			return rows, nil
		})
	}
}

// overviewRows tell about the cluster as a whole.
func (t *Tree) overviewRows(cl *cluster.Cluster, n nodeID) (*list, func(context.Context)) {
	c := newComputed(definition{Name: "Name"}, definition{Name: "Value"})
	return c.list, func(ctx context.Context) {
		defer cl.Hold()()
		defer cl.OnChange(c.kick)()
		feeds := t.newFeedSet(cl, c)
		defer feeds.release()
		c.keep(ctx, func(ctx context.Context) ([]Row, error) {
			status, about := cl.Status(), cl.Context()
			var rows []Row
			fact := func(key, name, value string, h Health, p *problem.Detail) {
				rows = append(rows, Row{
					ID: join(n.text, key), Type: NodeFolder, Name: name, Description: value,
					Cells: []string{name, value}, Health: h, Problem: p,
				})
			}
			state := contextRow(about, status)
			fact("state", "State", string(status.State), state.Health, state.Problem)
			fact("version", "Kubernetes", status.Version, HealthUnknown, nil)
			fact("server", "API server", about.Server, HealthUnknown, nil)
			fact("namespace", "Working namespace", about.Namespace, HealthUnknown, nil)
			rows = append(rows, nodesRow(feeds.of(selection{kind: "nodes"}), join(n.text, "nodes")))
			if status.State != cluster.StateReady {
				return rows, nil
			}
			if kinds, err := cl.Kinds(ctx); err == nil { // or the state's row tells why not
				fact("kinds", "Kinds served", fmt.Sprint(len(kinds.All())), HealthUnknown, nil)
				for _, p := range kinds.Problems() {
					rows = append(rows, message(n.text, &p))
				}
			}
			return rows, nil
		})
	}
}

// nodesRow tells how many nodes are ready, as far as that is known.
func nodesRow(l *list, id string) Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := Row{ID: id, Type: NodeFolder, Name: "Nodes", Problem: l.problem}
	if l.state == StateLive || l.state == StateReconnecting {
		ready := len(l.rows) - l.ranks[rankBad]
		r.Description = fmt.Sprintf("%d of %d ready", ready, len(l.rows))
		r.Health = HealthGood
		if ready < len(l.rows) {
			r.Health = HealthWarning
		}
	}
	r.Cells = []string{r.Name, r.Description}
	return r
}
