package tree

import (
	"context"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
)

// contextRows are the root's rows: every context with the state of its cluster.
func (t *Tree) contextRows() (*list, func(context.Context)) {
	c := newComputed(definition{Name: "Name"}, definition{Name: "Cluster"}, definition{Name: "Namespace"}, definition{Name: "Server"}, definition{Name: "State"})
	return c.list, func(ctx context.Context) {
		defer t.contexts.OnChange(c.kick)()
		followed := map[string]func(){}
		defer func() {
			for _, stop := range followed {
				stop()
			}
		}()
		c.keep(ctx, func(context.Context) ([]Row, error) {
			var rows []Row
			for _, one := range t.contexts.List() {
				status := cluster.Status{State: cluster.StateIdle}
				if cl, err := t.contexts.Open(one.ID); err == nil {
					status = cl.Status()
					if followed[one.ID] == nil {
						followed[one.ID] = cl.OnChange(c.kick)
					}
				}
				rows = append(rows, contextRow(one, status))
			}
			if len(rows) == 0 {
				rows = append(rows, message("", &problem.Detail{
					Code: problem.ContextUnknown.Name(), Message: "No kubeconfig file defines a context",
					Suggestions: []string{"set KUBECONFIG, or add a file"},
				}))
			}
			return rows, nil
		})
	}
}

func contextRow(c cluster.Context, s cluster.Status) Row {
	r := Row{
		ID: ContextID(c.ID), Type: NodeContext, Name: c.ID, Expandable: true,
		Description: s.Version, Status: string(s.State), Problem: s.Problem,
		Cells: []string{c.ID, c.Cluster, c.Namespace, c.Server, string(s.State)},
	}
	if r.Problem == nil {
		r.Problem = c.Problem
	}
	switch s.State {
	case cluster.StateReady:
		r.Health = HealthGood
	case cluster.StateConnecting:
		r.Health = HealthProgress
	case cluster.StateIdle:
	default:
		r.Health = HealthBad
	}
	switch {
	case r.Problem != nil:
		r.Health = HealthBad
		r.Detail = r.Problem.Message
	case c.Current:
		r.Detail = c.Server + "\nkubeconfig's current context"
	default:
		r.Detail = c.Server
	}
	return r
}

// message is a sentence that stands below the node in place of rows.
func message(node string, p *problem.Detail) Row {
	return Row{ID: join(node, "message:"+escape(p.Message)), Type: NodeMessage, Name: p.Message, Health: HealthWarning, Problem: p}
}

func messages(node string, problems []*problem.Detail) (rows []Row) {
	for _, p := range problems {
		rows = append(rows, message(node, p))
	}
	return rows
}

// knownNamespaces are the rows shown to a user who may not list namespaces.
func knownNamespaces(c *cluster.Cluster, p *problem.Error) []Row {
	id := c.Context().ID
	var rows []Row
	for _, name := range c.Namespaces() {
		rows = append(rows, Row{
			ID: NamespaceID(id, name), Type: NodeNamespace, Name: name, Expandable: true,
			Object: &ObjectRef{Context: id, Version: "v1", Resource: "namespaces", Kind: "Namespace", Name: name},
		})
	}
	d := *p.Detail()
	d.Message = "You may not list namespaces; these are the ones your kubeconfig names"
	d.Suggestions = append([]string{"add a namespace by setting it as the working namespace"}, d.Suggestions...)
	return append(rows, message(join(escape(id), placeNamespaces), &d))
}
