package view

import (
	"maps"
	"slices"
	"sync"

	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
)

// View is a live copy of one node's children. It is made by [Set.Open].
type View struct {
	mu sync.Mutex
	// page is what the view shows now; its rows are replaced, never altered.
	page tree.Page
	// shown holds the ids of page.Rows, so that a new row costs no search.
	shown map[string]struct{}
	// changed is the rows that Changes has not answered yet, at most one entry a row.
	changed map[string]RowChange
	order   []string
	// stale tells that a change was missed, so that only a whole page helps;
	// latest is then the newest change that was not applied.
	stale  bool
	latest tree.Change
}

// RowChange is what became of one row since the last look.
type RowChange struct {
	// Row is the row as it is now, or as it last was when it is gone.
	Row tree.Row
	// New rows were not there at the last look; Gone ones are not there now.
	New, Gone bool
}

func newView(page tree.Page) *View {
	v := &View{changed: make(map[string]RowChange)}
	v.show(page)
	return v
}

// Page is what the view shows now.
func (v *View) Page() tree.Page {
	v.mu.Lock()
	defer v.mu.Unlock()
	page := v.page
	page.Rows = slices.Clone(page.Rows)
	return page
}

// Start is what the view shows now, with Changes telling what happens to it from
// here on.
func (v *View) Start() tree.Page {
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.changed)
	v.order = v.order[:0]
	page := v.page
	page.Rows = slices.Clone(page.Rows)
	return page
}

// State tells how far the view can be believed, and what is wrong.
func (v *View) State() (tree.State, *problem.Detail) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.page.State, v.page.Problem
}

// Columns are those of the view's cells.
func (v *View) Columns() []tree.Column {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.page.Columns
}

// Changes are the rows that were added, altered or removed since the view was
// opened or Changes was last called, oldest first. A row that changed several
// times stands there once, as it is now.
func (v *View) Changes() []RowChange {
	v.mu.Lock()
	defer v.mu.Unlock()
	var changes []RowChange
	for _, id := range v.order {
		changes = append(changes, v.changed[id])
	}
	clear(v.changed)
	v.order = v.order[:0]
	return changes
}

// apply brings the view up to date with change.
func (v *View) apply(change tree.Change) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.follow(change)
}

// follow applies change if it is the next one, and else remembers that one was missed.
func (v *View) follow(change tree.Change) {
	switch {
	case change.Seq <= v.page.Seq:
		return // already in the page
	case change.Reset != nil:
		v.replace(*change.Reset)
		return
	case v.stale || change.Seq != v.page.Seq+1:
		v.stale, v.latest = true, change
		return
	}
	for _, op := range change.Ops {
		v.perform(op)
	}
	v.page.Seq, v.page.Total = change.Seq, change.Total
	v.page.State, v.page.Problem = change.State, change.Problem
}

// perform takes one step of a change.
func (v *View) perform(op tree.Op) {
	var before *tree.Row
	if _, ok := v.shown[op.ID]; ok {
		at := slices.IndexFunc(v.page.Rows, func(row tree.Row) bool { return row.ID == op.ID })
		row := v.page.Rows[at]
		before = &row
		v.page.Rows = slices.Delete(v.page.Rows, at, at+1)
		delete(v.shown, op.ID)
	}
	switch {
	case op.Row != nil:
		at := min(max(op.Index, 0), len(v.page.Rows))
		v.page.Rows = slices.Insert(v.page.Rows, at, *op.Row)
		v.shown[op.ID] = struct{}{}
		v.note(op.ID, RowChange{Row: *op.Row, New: before == nil})
	case before != nil:
		v.note(op.ID, RowChange{Row: *before, Gone: true})
	}
}

// replace shows page and notes what differs from what was shown.
func (v *View) replace(page tree.Page) {
	before := make(map[string]tree.Row, len(v.page.Rows))
	for _, row := range v.page.Rows {
		before[row.ID] = row
	}
	for _, row := range page.Rows {
		if old, ok := before[row.ID]; !ok || !same(old, row) {
			v.note(row.ID, RowChange{Row: row, New: !ok})
		}
		delete(before, row.ID)
	}
	for _, row := range v.page.Rows {
		if _, gone := before[row.ID]; gone {
			v.note(row.ID, RowChange{Row: row, Gone: true})
		}
	}
	v.show(page)
}

// show makes page what the view shows.
func (v *View) show(page tree.Page) {
	v.page, v.stale = page, false
	v.shown = make(map[string]struct{}, len(page.Rows))
	for _, row := range page.Rows {
		v.shown[row.ID] = struct{}{}
	}
}

// note keeps change for Changes. A row that came and changed is still new.
func (v *View) note(id string, change RowChange) {
	earlier, ok := v.changed[id]
	if !ok {
		v.order = append(v.order, id)
	}
	change.New = !change.Gone && (change.New || earlier.New)
	v.changed[id] = change
}

// missed tells whether a change was missed since the last whole page.
func (v *View) missed() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stale
}

// refresh shows page, asked for because a change was missed. Changes went on
// arriving meanwhile: when the newest is not the one after page, v stays stale.
func (v *View) refresh(page tree.Page) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.replace(page)
	v.follow(v.latest)
}

// same tells whether two rows read the same to a person.
func same(a, b tree.Row) bool {
	return a.Name == b.Name && a.Description == b.Description && a.Status == b.Status && a.Health == b.Health &&
		slices.Equal(a.Cells, b.Cells) && maps.Equal(a.Times, b.Times) && (a.Count == nil) == (b.Count == nil) && (a.Count == nil || *a.Count == *b.Count)
}
