package tree

import (
	"context"
	"math"
	"time"

	"pilothouse/explorer/problem"
)

const (
	// defaultLimit is the window of a view that names none.
	defaultLimit = 500
	// manyChanges is how many rows may wait for a reader one by one; beyond it (and an
	// eighth of the rows) the view is sorted anew and its window sent whole.
	manyChanges = 1000
	// loadingPause is the least time between two changes of a list that is still loading,
	// after the first rows: rows arrive in any order, so every change moves the window.
	loadingPause = 100 * time.Millisecond
)

// View is one reader's order, filter and window over a list. It has no goroutine:
// changes wait in it, at most one a row, until Next asks for them.
// All methods may be called from any goroutine.
type View struct {
	id    string
	query Query
	node  nodeID
	list  *list
	tree  *Tree
	close func() // gives back what the view holds open

	// Guarded by list.mu.
	sorter sorter
	match  func(*row) bool
	order  []*row          // the rows that match, sorted; as the reader was last told, plus the rows in dirty
	dirty  map[rowKey]*row // rows that changed since, with the row that order still holds (nil for none)
	reset  bool            // order is to be made anew and the window sent whole
	limit  int             // how many rows the reader's window holds at most
	wanted int             // the limit that the reader asked for since
	seq    uint64
	told   struct { // what the reader was told last
		state   State
		problem *problem.Detail
		total   int
		at      time.Time
	}
	cost   time.Duration // of making the last page
	closed bool
	wake   chan struct{} // holds one token while there may be news
}

func newView(t *Tree, id string, q Query, node nodeID, l *list, match func(*row) bool, release func()) *View {
	limit := limitOf(q.Limit)
	v := &View{
		id: id, query: q, node: node, list: l, tree: t, close: release, limit: limit, wanted: limit,
		dirty: map[rowKey]*row{}, reset: true, wake: make(chan struct{}, 1),
	}
	v.match = func(r *row) bool { return match(r) && q.Filter.matches(r) }
	l.mu.Lock()
	defer l.mu.Unlock()
	v.sorter = newSorter(l.table.columns, q.Sort)
	l.views[v] = struct{}{}
	return v
}

// ID names the view among all views of the tree.
func (v *View) ID() string { return v.id }

// Page gives the whole window as it is now. The next Change carries the page's Seq + 1.
func (v *View) Page() Page {
	v.list.mu.Lock()
	defer v.list.mu.Unlock()
	v.reset = true
	return v.page()
}

// Next waits until something has changed since the last Page or Next and gives all of
// it as one change. It answers Gone after Close, else only ctx's error.
func (v *View) Next(ctx context.Context) (Change, error) {
	for {
		change, ready, pause := v.take()
		if ready {
			return change, nil
		}
		if v.isClosed() {
			return Change{}, &problem.Error{Code: problem.Gone, Message: "the view is closed"}
		}
		var later <-chan time.Time
		if pause > 0 {
			later = time.After(pause)
		}
		select {
		case <-v.wake:
		case <-later:
		case <-ctx.Done():
			return Change{}, ctx.Err()
		}
	}
}

// limitOf gives the rows of a window for a number as in Query.Limit.
func limitOf(n int) int {
	switch {
	case n == 0:
		return defaultLimit
	case n < 0:
		return math.MaxInt
	}
	return n
}

// SetLimit grows or shrinks the window, with a number as in Query.Limit; the rows come with
// the next change.
func (v *View) SetLimit(n int) {
	v.list.mu.Lock()
	defer v.list.mu.Unlock()
	v.wanted = limitOf(n)
	v.wakeUp()
}

// Close ends the view; what it kept open ends after the grace period. It may be called twice.
func (v *View) Close() {
	v.list.mu.Lock()
	was := v.closed
	v.closed = true
	delete(v.list.views, v)
	v.order, v.dirty = nil, nil
	v.wakeUp()
	v.list.mu.Unlock()
	if !was {
		v.tree.forget(v)
		v.close()
	}
}

func (v *View) isClosed() bool {
	v.list.mu.Lock()
	defer v.list.mu.Unlock()
	return v.closed
}

// mark notes that a row has changed, and wakes the reader for the first of such: Next takes
// all, or waits for their time by itself. Called with list.mu held.
func (v *View) mark(key rowKey, old *row) {
	if v.reset {
		return // the reader knows that there is news
	}
	if len(v.dirty) == 0 {
		v.wakeUp()
	}
	if _, known := v.dirty[key]; !known {
		v.dirty[key] = old
	}
	if len(v.dirty) > manyChanges && len(v.dirty) > len(v.order)/8 {
		v.reset = true
		clear(v.dirty)
	}
}

// touch notes that the row with that id looks different although the list's row is the same.
func (v *View) touch(id string) {
	v.list.mu.Lock()
	defer v.list.mu.Unlock()
	if v.closed || v.reset {
		return
	}
	for _, r := range v.order {
		if v.idOf(r) == id {
			v.mark(r.key(), r)
			return
		}
	}
}

func (v *View) wakeUp() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// take gives the waiting change, if there is one and its time has come; pause tells
// how long to wait otherwise.
func (v *View) take() (c Change, ready bool, pause time.Duration) {
	v.list.mu.Lock()
	defer v.list.mu.Unlock()
	l := v.list
	stated := l.state != v.told.state || !equalDetails(l.problem, v.told.problem)
	if v.closed || !v.reset && len(v.dirty) == 0 && v.wanted == v.limit && !stated {
		return c, false, 0
	}
	if l.state == StateLoading && v.seq > 0 && len(v.order) > 0 {
		if wait := max(loadingPause, 8*v.cost) - time.Since(v.told.at); wait > 0 {
			return c, false, wait
		}
	}
	if v.reset {
		p := v.page()
		c = Change{View: v.id, Seq: p.Seq, Reset: &p, Total: p.Total, State: p.State, Problem: p.Problem}
		return c, true, 0
	}
	ops := v.resize(v.ops())
	if len(ops) == 0 && !stated && len(v.order) == v.told.total {
		return c, false, 0
	}
	v.tell(len(v.order))
	return Change{View: v.id, Seq: v.seq, Ops: ops, Total: len(v.order), State: l.state, Problem: l.problem}, true, 0
}

// tell notes what the reader knows from now on. Called with list.mu held.
func (v *View) tell(total int) {
	v.seq++
	v.told.state, v.told.problem, v.told.total, v.told.at = v.list.state, v.list.problem, total, time.Now()
}
