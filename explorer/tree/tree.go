package tree

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
)

// firstRows is how long Open waits for something to show.
const firstRows = 150 * time.Millisecond

// Contexts are the clusters that the tree shows; *cluster.Contexts is one.
type Contexts interface {
	List() []cluster.Context
	OnChange(f func()) (stop func())
	Open(id string) (*cluster.Cluster, error)
}

// Tree is the live tree of all clusters. Views on the same rows share one list, and
// lists share the cluster's connections. Its goroutines are those of its branches, each
// of which ends a grace period after its last reader, and at the latest with Close.
type Tree struct {
	contexts Contexts
	log      *slog.Logger
	grace    time.Duration
	rollups  *rollups

	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	branches sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[string]*branch
	views  map[*View]struct{}
	opened uint64 // counts views, for their ids
}

// New makes a tree over the contexts, which stay the caller's to close, after the tree.
// What the tree does ends with Close, or with ctx.
func New(ctx context.Context, contexts Contexts, log *slog.Logger) *Tree {
	ctx, cancel := context.WithCancel(ctx)
	return &Tree{
		contexts: contexts,
		log:      log,
		grace:    30 * time.Second,
		rollups:  newRollups(),
		ctx:      ctx,
		cancel:   cancel,
		open:     map[string]*branch{},
		views:    map[*View]struct{}{},
	}
}

// Close closes every view and waits until nothing runs any more.
func (t *Tree) Close() {
	t.mu.Lock()
	t.closed = true
	views := make([]*View, 0, len(t.views))
	for v := range t.views {
		views = append(views, v)
	}
	for _, b := range t.open {
		t.prune(b)
	}
	t.mu.Unlock()
	for _, v := range views {
		v.Close()
	}
	t.cancel()
	t.branches.Wait()
}

// Open makes a view of a node's children. It answers once there are rows to show, or
// the state is known, or a short moment has passed: rows that come later arrive as
// changes. An id or selector that cannot be parsed is an InvalidQuery, an unknown
// context a ContextUnknown; what the cluster refuses is told by the view's state.
// The caller closes the view.
func (t *Tree) Open(ctx context.Context, q Query) (*View, error) {
	if err := q.Filter.check(); err != nil {
		return nil, err
	}
	node, err := parseID(q.Node)
	if err != nil {
		return nil, err
	}
	b, match, err := t.children(node, q.Filter)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.opened++
	id := strconv.FormatUint(t.opened, 10)
	t.mu.Unlock()
	v := newView(t, id, q, node, b.list, match, func() { t.release(b) })
	t.mu.Lock()
	closed := t.closed
	t.views[v] = struct{}{}
	t.mu.Unlock()
	if closed {
		v.Close()
		return nil, &problem.Error{Code: problem.Gone, Message: "the tree is closed"}
	}

	moment := time.NewTimer(firstRows)
	defer moment.Stop()
	select {
	case <-b.list.settled:
	case <-moment.C:
	case <-ctx.Done():
		v.Close()
		return nil, ctx.Err()
	}
	return v, nil
}

func (t *Tree) forget(v *View) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.views, v)
}

// all is the match of views that show every row of a list.
func all(*row) bool { return true }
