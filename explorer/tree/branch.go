package tree

import (
	"context"
	"slices"
	"time"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
)

// idleBranches bounds the lists kept without a reader, whatever their grace period.
const idleBranches = 32

// branch is a list with what keeps it current, shared by all who look at it.
type branch struct {
	*list
	key   string
	stop  context.CancelFunc
	uses  int
	grace *time.Timer // runs while nobody uses the branch
	idle  time.Time   // since when
}

// acquire gives the branch of that key, started if there is none. The caller releases
// it. What start gives to run ends with its context.
func (t *Tree) acquire(key string, start func() (*list, func(context.Context))) *branch {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.open[key]; b != nil {
		b.uses++
		if b.grace != nil {
			b.grace.Stop()
			b.grace = nil
		}
		return b
	}
	l, run := start()
	ctx, stop := context.WithCancel(t.ctx)
	b := &branch{list: l, key: key, stop: stop, uses: 1}
	if t.closed {
		stop()
		return b
	}
	t.open[key] = b
	t.branches.Go(func() { run(ctx) })
	return b
}

// release gives the branch back; it is kept a while, for a node that is opened again.
func (t *Tree) release(b *branch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b.uses--
	if b.uses > 0 || t.open[b.key] != b {
		return
	}
	b.idle = time.Now()
	b.grace = time.AfterFunc(t.grace, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if b.uses == 0 {
			t.prune(b)
		}
	})
	var oldest *branch
	idle := 0
	for _, other := range t.open {
		if other.uses == 0 {
			idle++
			if oldest == nil || other.idle.Before(oldest.idle) {
				oldest = other
			}
		}
	}
	if idle > idleBranches {
		t.prune(oldest)
	}
}

// prune ends a branch. Called with mu held.
func (t *Tree) prune(b *branch) {
	if t.open[b.key] == b {
		delete(t.open, b.key)
	}
	if b.grace != nil {
		b.grace.Stop()
	}
	b.stop()
}

const (
	// restPause is the least time between two computations of the same rows.
	restPause = 20 * time.Millisecond
	// recomputeEvery is the most: counts and permissions change without telling.
	recomputeEvery = time.Minute
)

// computed is a list of rows that are worked out from other state, anew after every kick.
type computed struct {
	*list
	kicked chan struct{}
	// parts are the feeds that hold the rows, which are as complete as these; nil where
	// rows stand whatever feeds tell.
	parts *feedSet
}

func newComputed(columns ...definition) *computed {
	return &computed{list: newList(columns, ""), kicked: make(chan struct{}, 1)}
}

// kick asks for a computation; any number of kicks while one is under way ask for one more.
func (c *computed) kick() {
	select {
	case c.kicked <- struct{}{}:
	default:
	}
}

// keep computes the rows now, after every kick and now and then until ctx ends. An error
// becomes the list's state, with the rows of before.
func (c *computed) keep(ctx context.Context, rows func(context.Context) ([]Row, error)) {
	for {
		c.parts.begin()
		made, err := rows(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case err != nil:
			c.setState(StateFailed, problem.Of(err).Detail())
		case c.parts == nil:
			c.replace(made)
			c.setState(StateLive, nil)
		default:
			c.replace(made)
			c.setState(c.parts.state, c.parts.problem)
		}
		rest := time.NewTimer(restPause)
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
			return
		}
		select {
		case <-c.kicked:
		case <-time.After(recomputeEvery):
		case <-ctx.Done():
			return
		}
	}
}

// feedSet are the feeds that computed rows are worked out from: started when first asked
// for, and kicking the computation whenever they change.
type feedSet struct {
	tree     *Tree
	cluster  *cluster.Cluster
	computed *computed
	held     map[selection]heldFeed

	// What the feeds told that this computation asked for.
	state    State // of rows made of them
	problem  *problem.Detail
	failures []*problem.Detail // of those that cannot be read
}

type heldFeed struct {
	branch *branch
	stop   func()
}

func (t *Tree) newFeedSet(cl *cluster.Cluster, c *computed) *feedSet {
	return &feedSet{tree: t, cluster: cl, computed: c, held: map[selection]heldFeed{}}
}

// begin begins a computation.
func (s *feedSet) begin() {
	if s != nil {
		s.state, s.problem, s.failures = StateLive, nil, nil
	}
}

// of gives the list of a selection, kept current until release. How far the list can be
// believed is noted before its rows are read, so that these are never less than it promises.
func (s *feedSet) of(what selection) *list {
	h, held := s.held[what]
	if !held {
		h.branch = s.tree.acquireFeed(s.cluster, what)
		h.stop = h.branch.kicks(s.computed)
		s.held[what] = h
	}
	l := h.branch.list
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.state == StateLoading:
		s.state, s.problem = StateLoading, nil
	case l.state == StateReconnecting && s.state == StateLive:
		s.state, s.problem = StateReconnecting, l.problem
	case l.state == StateFailed && l.problem != nil:
		s.failures = append(s.failures, l.problem)
	}
	return l
}

// only releases all feeds but these.
func (s *feedSet) only(keep ...selection) {
	for what, h := range s.held {
		if !slices.Contains(keep, what) {
			h.stop()
			s.tree.release(h.branch)
			delete(s.held, what)
		}
	}
}

func (s *feedSet) release() { s.only() }
