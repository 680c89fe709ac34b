package tree

import (
	"slices"
	"sync"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
)

// list is a live set of rows that any number of views look at. One writer at a time
// puts and removes rows; no I/O happens under its lock.
type list struct {
	mu      sync.Mutex
	table   *table
	kind    cluster.Kind // of the rows that come from tables, once discovery told
	rows    map[rowKey]*row
	ranks   [len(healths)]int // how many rows have each health
	state   State
	problem *problem.Detail
	settled chan struct{} // closed once first rows or the state are known
	views   map[*View]struct{}
	uses    map[*computed]struct{} // rows worked out from this list
}

func newList(columns []definition, kind string) *list {
	return &list{
		table:   newTable(kind, columns),
		rows:    map[rowKey]*row{},
		state:   StateLoading,
		settled: make(chan struct{}),
		views:   map[*View]struct{}{},
		uses:    map[*computed]struct{}{},
	}
}

// put adds a row or replaces the one with its key.
func (l *list) put(r *row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := r.key()
	old := l.rows[key]
	if old != nil && old.sameAs(r) {
		old.pass = r.pass // seen again, nothing to tell
		return
	}
	l.rows[key] = r
	l.changed(key, old, r)
	l.settle()
}

// remove takes a row out; one that is not there is no news.
func (l *list) remove(key rowKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.rows[key]; old != nil {
		delete(l.rows, key)
		l.changed(key, old, nil)
	}
}

// keep removes every row that the pass has not seen.
func (l *list) keep(pass uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, r := range l.rows {
		if r.pass != pass {
			delete(l.rows, key)
			l.changed(key, r, nil)
		}
	}
}

// replace makes the list hold exactly these rows, in this order.
func (l *list) replace(rows []Row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := make(map[rowKey]bool, len(rows))
	for i, r := range rows {
		position := i + 1
		if r.Type == NodeMessage {
			position = last
		}
		made := specialRow(r, position)
		key := made.key()
		left[key] = true
		if old := l.rows[key]; old == nil || !old.sameAs(made) {
			l.rows[key] = made
			l.changed(key, old, made)
		}
	}
	for key, old := range l.rows {
		if !left[key] {
			delete(l.rows, key)
			l.changed(key, old, nil)
		}
	}
	if len(rows) > 0 {
		l.settle()
	}
}

// setState tells how far the rows can be believed from now on.
func (l *list) setState(s State, p *problem.Detail) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s != StateLoading {
		l.settle()
	}
	if l.state == s && equalDetails(l.problem, p) {
		return
	}
	l.state, l.problem = s, p
	for v := range l.views {
		v.wakeUp()
	}
	for c := range l.uses {
		c.kick()
	}
}

// setKind tells what the rows are; it comes before the first of them. Rows name the version
// that they are served in, so that another one is told with all of them.
func (l *list) setKind(k cluster.Kind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kind.Version != k.Version {
		for v := range l.views {
			v.reset = true
			v.wakeUp()
		}
	}
	l.kind = k
}

// setTable takes over column definitions that differ, as after an upgrade of the server
// or a change of a CustomResourceDefinition, and tells whether rows are left that have the
// cells of before; every stream begins with them.
func (l *list) setTable(t *table) (stale bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Equal(l.table.columns, t.columns) {
		return false
	}
	l.table = t
	for v := range l.views {
		v.reset = true
		v.sorter = newSorter(t.columns, v.query.Sort)
		v.wakeUp()
	}
	return len(l.rows) > 0
}

// changed tells views and uses. Called with mu held.
func (l *list) changed(key rowKey, old, r *row) {
	if old != nil {
		l.ranks[old.health]--
	}
	if r != nil {
		l.ranks[r.health]++
	}
	for v := range l.views {
		v.mark(key, old)
	}
	for c := range l.uses {
		c.kick()
	}
}

// settle lets those go on who wait for the first rows. Called with mu held.
func (l *list) settle() {
	select {
	case <-l.settled:
	default:
		close(l.settled)
	}
}

// summary tells how many rows there are and the worst health among them. Called with mu held.
func (l *list) summary() (count int, worst healthRank, s State) {
	for rank, n := range l.ranks {
		if n > 0 {
			worst = healthRank(rank)
		}
	}
	return len(l.rows), worst, l.state
}

// kicks has c computed anew whenever a row or the state changes, until stop is called.
func (l *list) kicks(c *computed) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.uses[c] = struct{}{}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.uses, c)
	}
}
