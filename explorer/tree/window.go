package tree

import (
	"slices"
	"time"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
)

// This file keeps a view's window and its reader's copy of it the same: every step
// that moves a row is told as an Op. All of it runs with list.mu held.

// page sorts the view anew and gives its whole window.
func (v *View) page() Page {
	began := time.Now()
	v.limit = v.wanted
	if v.reset {
		v.reset = false
		clear(v.dirty)
		v.order = v.order[:0]
		for _, r := range v.list.rows {
			if v.match(r) {
				v.order = append(v.order, r)
			}
		}
		slices.SortFunc(v.order, v.sorter)
	}
	rows := make([]Row, 0, min(len(v.order), v.limit))
	for _, r := range v.order[:min(len(v.order), v.limit)] {
		rows = append(rows, v.render(r))
	}
	v.tell(len(v.order))
	v.cost = time.Since(began)
	return Page{
		View: v.id, Seq: v.seq, Columns: v.list.table.columns, Rows: rows,
		Total: len(v.order), State: v.list.state, Problem: v.list.problem,
	}
}

// ops brings order up to date, a changed row at a time.
func (v *View) ops() []Op {
	if len(v.dirty) == 0 {
		return nil
	}
	var steps []Op
	for key, old := range v.dirty {
		r := v.list.rows[key]
		if r != nil && !v.match(r) {
			r = nil
		}
		if old != nil && !v.match(old) {
			old = nil // it never was in order
		}
		switch {
		case old == nil && r == nil:
		case old == nil:
			steps = v.insert(steps, r)
		case r == nil:
			steps = v.drop(steps, old)
		default:
			steps = v.move(steps, old, r)
		}
	}
	clear(v.dirty)
	return steps
}

// resize brings the window to the limit that the reader asked for.
func (v *View) resize(steps []Op) []Op {
	shown, wanted := min(v.limit, len(v.order)), min(v.wanted, len(v.order))
	for i := shown - 1; i >= wanted; i-- {
		steps = append(steps, Op{ID: v.idOf(v.order[i])})
	}
	for i := shown; i < wanted; i++ {
		steps = append(steps, v.show(i))
	}
	v.limit = v.wanted
	return steps
}

// find gives the index of a row that is in order, or where it would stand.
func (v *View) find(r *row) (int, bool) { return slices.BinarySearchFunc(v.order, r, v.sorter) }

// show tells the row at i as it is.
func (v *View) show(i int) Op {
	row := v.render(v.order[i])
	return Op{ID: row.ID, Index: i, Row: &row}
}

func (v *View) drop(steps []Op, old *row) []Op {
	i, ok := v.find(old)
	if !ok {
		return steps
	}
	v.order = slices.Delete(v.order, i, i+1)
	if i >= v.limit {
		return steps
	}
	steps = append(steps, Op{ID: v.idOf(old)})
	if len(v.order) >= v.limit { // the first row beyond the window comes into it
		steps = append(steps, v.show(v.limit-1))
	}
	return steps
}

func (v *View) insert(steps []Op, r *row) []Op {
	i, _ := v.find(r)
	v.order = slices.Insert(v.order, i, r)
	if i >= v.limit {
		return steps
	}
	if len(v.order) > v.limit { // the window's last row falls out of it
		steps = append(steps, Op{ID: v.idOf(v.order[v.limit])})
	}
	return append(steps, v.show(i))
}

func (v *View) move(steps []Op, old, r *row) []Op {
	from, ok := v.find(old)
	if !ok {
		return v.insert(steps, r)
	}
	v.order = slices.Delete(v.order, from, from+1)
	to, _ := v.find(r)
	v.order = slices.Insert(v.order, to, r)
	switch {
	case from < v.limit && to < v.limit:
		return append(steps, v.show(to))
	case from < v.limit:
		return append(steps, Op{ID: v.idOf(old)}, v.show(v.limit-1))
	case to < v.limit:
		return append(steps, Op{ID: v.idOf(v.order[v.limit])}, v.show(to))
	}
	return steps
}

// idOf is the id of the row in this view.
func (v *View) idOf(r *row) string {
	switch {
	case r.special == nil && v.ofNamespaces():
		return NamespaceID(v.node.context, r.name())
	case r.special == nil:
		return join(v.node.text, v.objectOf(r).segment())
	case r.special.Type == NodeContainer: // the same list stands below every row of the pod
		return join(v.node.text, r.special.ID)
	}
	return r.special.ID
}

// ofNamespaces tells that the view's rows open as namespaces, not as objects of a kind.
func (v *View) ofNamespaces() bool { return v.node.place == placeNamespaces && v.node.namespace == "" }

func (v *View) objectOf(r *row) objectID {
	return objectID{kind: v.list.kind.ID(), namespace: text(r.namespace), name: r.name()}
}

func objectRef(context string, k cluster.Kind, r *row) *ObjectRef {
	return &ObjectRef{
		Context: context, Group: k.Group, Version: k.Version, Resource: k.Resource, Kind: k.Kind,
		Namespace: text(r.namespace), Name: r.name(), UID: r.uidText(),
	}
}

// render gives the row as the contract has it.
func (v *View) render(r *row) Row {
	if r.special != nil {
		out := *r.special
		out.ID = v.idOf(r)
		out.Health = healths[max(r.health, v.tree.rollups.of(out.ID))]
		return out
	}
	object := v.objectOf(r)
	out := Row{
		ID:         v.idOf(r),
		Type:       NodeObject,
		Name:       object.name,
		Cells:      r.cells(),
		Status:     r.statusText(),
		Health:     healths[r.health],
		Expandable: hasChildren(v.list.kind),
		Object:     objectRef(v.node.context, v.list.kind, r),
	}
	if v.ofNamespaces() {
		out.Type, out.Expandable = NodeNamespace, true
		out.Health = healths[max(r.health, v.tree.rollups.of(out.ID))]
	}
	if object.namespace != v.node.within() {
		out.Description = object.namespace
	}
	for _, t := range r.times {
		if out.Times == nil {
			out.Times = make(map[int]int64, len(r.times)+1)
		}
		out.Times[int(t.cell)] = t.unix
	}
	if age := v.list.table.age; age >= 0 && r.created != 0 && age < len(out.Cells) && out.Cells[age] == timeMark {
		if out.Times == nil {
			out.Times = make(map[int]int64, 1)
		}
		out.Times[age] = r.created
	}
	return out
}

func equalDetails(a, b *problem.Detail) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Code == b.Code && a.Message == b.Message && a.Cause == b.Cause && a.Tried == b.Tried && slices.Equal(a.Suggestions, b.Suggestions)
}
