package server

import (
	"context"
	"sync"
	"time"

	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
	"pilothouse/server/wire"
)

const (
	// mostViews is how many views a session may have open.
	mostViews = 1000
	// changePause is the least time between two changes of a view, so that a storm in
	// the cluster becomes few messages. The first change is not held back.
	changePause = 10 * time.Millisecond
)

func (c call) explorerChildren(ctx context.Context, q tree.Query) (tree.Page, error) {
	c.release()
	opened, err := c.daemon.engine.Explorer.Open(ctx, q)
	if err != nil {
		return tree.Page{}, err
	}
	if ctx.Err() != nil {
		// The client has given up, and would not close what it does not know.
		opened.Close()
		return tree.Page{}, ctx.Err()
	}
	v := &view{View: opened}
	page := v.page()
	v.follow(c)
	if err := c.views.add(v); err != nil {
		v.close()
		return tree.Page{}, err
	}
	return page, nil
}

// explorerMore stays on the read loop: the last of two limits has to win.
func (c call) explorerMore(_ context.Context, p wire.ExplorerMoreParams) (wire.None, error) {
	v, err := c.views.find(p.View)
	if err == nil {
		v.SetLimit(p.Limit)
	}
	return wire.None{}, err
}

func (c call) explorerResync(_ context.Context, p wire.ViewParams) (tree.Page, error) {
	c.release()
	v, err := c.views.find(p.View)
	if err != nil {
		return tree.Page{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return tree.Page{}, gone(p.View)
	}
	v.stop()
	page := v.page()
	v.follow(c)
	return page, nil
}

func (c call) explorerClose(_ context.Context, p wire.ViewParams) (wire.None, error) {
	c.release()
	if v := c.views.remove(p.View); v != nil {
		v.close()
	}
	return wire.None{}, nil
}

// view is an open view of a session. Its one goroutine sends the changes; it is
// replaced at a resync and ends with close or the session.
type view struct {
	View

	mu     sync.Mutex // held while the goroutine is replaced
	stop   func()     // ends the goroutine and waits for it
	closed bool
}

// page gives the window with an empty list where it has no rows: the contract knows no null.
func (v *view) page() tree.Page {
	page := v.Page()
	if page.Rows == nil {
		page.Rows = []tree.Row{}
	}
	return page
}

// follow sends the view's changes after the call that gives its page is answered.
func (v *view) follow(c call) {
	ctx, cancel := context.WithCancel(c.ctx)
	ended := make(chan struct{})
	v.stop = func() {
		cancel()
		<-ended
	}
	c.spawn("explorer/changed", func() {
		defer close(ended)
		select {
		case <-c.answered.Done():
			v.sendChanges(ctx, c.session)
		case <-ctx.Done():
		}
	})
}

// sendChanges asks for a change only when the one before it has been written: a
// client that reads slowly gets fewer and larger ones, and nothing queues up.
func (v *view) sendChanges(ctx context.Context, s *session) {
	for {
		change, err := v.Next(ctx)
		if err != nil {
			return // closed, or the session ends
		}
		if notify(ctx, s, wire.ExplorerChanged, change) != nil {
			return // the session ends
		}
		pause(ctx, changePause)
	}
}

func (v *view) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	v.stop()
	v.Close()
}

// views are the open views of a session, by their ids.
type views struct {
	mu     sync.Mutex
	open   map[string]*view
	closed bool
}

func newViews() views { return views{open: map[string]*view{}} }

func (vs *views) add(v *view) error {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	switch {
	case vs.closed:
		return context.Canceled
	case len(vs.open) == mostViews:
		return &problem.Error{
			Code:        problem.Rejected,
			Message:     "too many views are open in this session",
			Suggestions: []string{"close views that are not shown any more (pilothouse/explorer/close)"},
		}
	}
	vs.open[v.ID()] = v
	return nil
}

func (vs *views) find(id string) (*view, error) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if v := vs.open[id]; v != nil {
		return v, nil
	}
	return nil, gone(id)
}

func (vs *views) remove(id string) *view {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	v := vs.open[id]
	delete(vs.open, id)
	return v
}

func (vs *views) count() int {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	return len(vs.open)
}

// closeAll closes every view and takes no more.
func (vs *views) closeAll() {
	vs.mu.Lock()
	open := vs.open
	vs.open, vs.closed = nil, true
	vs.mu.Unlock()
	for _, v := range open {
		v.close()
	}
}

func gone(id string) error {
	return &problem.Error{
		Code:        problem.Gone,
		Message:     "the view " + id + " is not open in this session",
		Suggestions: []string{"open it again (pilothouse/explorer/children)"},
	}
}
