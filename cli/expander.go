package cli

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"pilothouse/cli/outline"
	"pilothouse/cli/view"
	"pilothouse/explorer/tree"
)

const (
	// maxViews bounds the nodes that are expanded at a time, whatever the depth.
	maxViews = 300
	// openAtOnce bounds the views that are being opened at a time.
	openAtOnce = 8
	// settleLimit is how long the first picture may wait for the last rows; what is
	// missing then is marked as loading.
	settleLimit = 5 * time.Second
)

// expander keeps a view open of every node that is shown expanded. It starts no
// goroutine that outlives a call.
type expander struct {
	session *session
	start   start
	// all also shows kinds that are known to have no objects.
	all bool
	// maxRows is how many rows of a node are shown; negative means all.
	maxRows int

	views map[string]*view.View
	// fresh are views whose rows nobody has been shown or told yet.
	fresh map[string]bool
}

func newExpander(s *session, from start, all bool, maxRows int) *expander {
	return &expander{
		session: s, start: from, all: all, maxRows: maxRows,
		views: make(map[string]*view.View), fresh: make(map[string]bool),
	}
}

// settle expands the tree and waits until every row is known, or some time has passed.
func (e *expander) settle(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	for {
		settled, err := e.expand(ctx)
		if err != nil || settled {
			return err
		}
		err = e.session.views.Wait(limited)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// expand opens a view of every node that is shown expanded and has none, level by
// level, and closes those of nodes that are shown no more. It tells whether all of
// what it saw was complete.
func (e *expander) expand(ctx context.Context) (settled bool, err error) {
	settled = true
	shown := make(map[string]bool)
	level := []string{e.start.id}
	for depth := 0; depth < e.start.depth && len(level) > 0; depth++ {
		level = level[:min(len(level), maxViews-len(shown))]
		if err := e.openAll(ctx, level); err != nil {
			return false, err
		}
		var next []string
		for _, id := range level {
			shown[id] = true
			page := e.views[id].Page()
			settled = settled && complete(page)
			for _, row := range page.Rows {
				if expands(row) {
					next = append(next, row.ID)
				}
			}
		}
		level = next
	}
	return settled, e.closeExcept(ctx, shown)
}

func (e *expander) closeExcept(ctx context.Context, shown map[string]bool) error {
	for id, v := range e.views {
		if shown[id] {
			continue
		}
		delete(e.views, id)
		if err := e.session.views.Close(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

// complete tells whether all rows are there and all kinds among them are counted.
func complete(page tree.Page) bool {
	return page.State != tree.StateLoading && !slices.ContainsFunc(page.Rows, func(row tree.Row) bool {
		return row.Type == tree.NodeKind && row.Count == nil && row.Problem == nil
	})
}

// expands tells whether to show what is below a row. A kind is expanded once its
// objects are counted: nothing is listed to find that there is nothing. Events
// tell about objects that stand in the tree themselves, and would bury them.
func expands(row tree.Row) bool {
	if row.Type == tree.NodeKind && (row.Count == nil || *row.Count == 0 || row.Kind == "events") {
		return false
	}
	return row.Expandable
}

func (e *expander) openAll(ctx context.Context, ids []string) error {
	opened := make([]*view.View, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(openAtOnce)
	for i, id := range ids {
		if e.views[id] != nil {
			continue
		}
		group.Go(func() (err error) {
			opened[i], err = e.session.views.Open(ctx, tree.Query{Node: id, Limit: e.maxRows})
			return err
		})
	}
	err := group.Wait()
	for i, id := range ids {
		if opened[i] != nil {
			e.views[id], e.fresh[id] = opened[i], true
		}
	}
	return err
}

// outline is what is shown now; changes tells what happens to it from here on.
func (e *expander) outline() *outline.Node {
	root := &outline.Node{Row: tree.Row{Name: e.start.title}}
	e.fill(root, e.start.id)
	return root
}

// fill hangs what is shown below the node with this id under n.
func (e *expander) fill(n *outline.Node, id string) {
	v := e.views[id]
	if v == nil {
		return
	}
	page := v.Start()
	delete(e.fresh, id)
	n.Expanded = &outline.Expansion{
		Columns: page.Columns, State: page.State, Problem: page.Problem,
		Hidden: max(0, page.Total-len(page.Rows)),
	}
	for _, row := range page.Rows {
		child := &outline.Node{Row: row}
		e.fill(child, row.ID)
		if e.all || !empty(child) {
			n.Expanded.Children = append(n.Expanded.Children, child)
		}
	}
}

// empty tells whether a row stands for a kind without objects, or for a group of
// nothing but such kinds.
func empty(n *outline.Node) bool {
	switch n.Row.Type {
	case tree.NodeKind:
		return n.Row.Count != nil && *n.Row.Count == 0
	case tree.NodeFolder:
		return n.Expanded != nil && n.Expanded.State == tree.StateLive && len(n.Expanded.Children) == 0
	}
	return false
}

// change is what happened to one row, with the names of the rows above it.
type change struct {
	verb    string
	path    []string
	columns []tree.Column
	row     tree.Row
}

// changes are what happened since the outline was drawn or they were last asked
// for, from the top down.
func (e *expander) changes() []change {
	return e.changesBelow(e.start.id, nil)
}

func (e *expander) changesBelow(id string, path []string) []change {
	v := e.views[id]
	if v == nil {
		return nil
	}
	columns := v.Columns()
	var changes []change
	if e.fresh[id] {
		delete(e.fresh, id)
		for _, row := range v.Start().Rows {
			changes = append(changes, change{"added", path, columns, row})
		}
	} else {
		for _, c := range v.Changes() {
			changes = append(changes, change{verb(c), path, columns, c.Row})
		}
	}
	for _, row := range v.Page().Rows {
		changes = append(changes, e.changesBelow(row.ID, append(slices.Clip(path), row.Name))...)
	}
	return changes
}

func verb(c view.RowChange) string {
	switch {
	case c.New:
		return "added"
	case c.Gone:
		return "removed"
	}
	return "changed"
}
