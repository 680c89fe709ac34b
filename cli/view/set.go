package view

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
	"pilothouse/server/wire"
)

// Connection is what a Set needs of a session with the daemon; *server.Client
// promises the same.
type Connection interface {
	Call(ctx context.Context, method string, params, result any) error
	Handle(method string, f func(params json.RawMessage))
	Done() <-chan struct{}
}

// Set is the views that one command shows. It starts no goroutine: changes are
// applied on the connection's, whole pages are asked for by [Set.Wait].
type Set struct {
	conn Connection
	// woken holds a token when something changed since the last Wait.
	woken chan struct{}

	mu    sync.Mutex
	views map[string]*View
	// opening counts calls to Open on their way. Changes may overtake the page
	// they belong to; until it is there, early keeps the newest of each view.
	opening int
	early   map[string]tree.Change
}

// NewSet returns an empty set of views over conn.
func NewSet(conn Connection) *Set {
	s := &Set{
		conn:  conn,
		woken: make(chan struct{}, 1),
		views: make(map[string]*View),
		early: make(map[string]tree.Change),
	}
	conn.Handle(string(wire.ExplorerChanged), s.receive)
	return s
}

// Open opens a view of q's node. [Set.Close] closes it.
func (s *Set) Open(ctx context.Context, q tree.Query) (*View, error) {
	s.mu.Lock()
	s.opening++
	s.mu.Unlock()

	var page tree.Page
	err := s.conn.Call(ctx, string(wire.ExplorerChildren), q, &page)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.opening--
	defer s.forgetEarly()
	if err != nil {
		return nil, err
	}
	v := newView(page)
	s.views[page.View] = v
	if change, ok := s.early[page.View]; ok {
		v.apply(change)
		s.wake()
	}
	return v, nil
}

// forgetEarly drops the early changes when no view can claim them any more.
func (s *Set) forgetEarly() {
	if s.opening == 0 {
		clear(s.early)
	}
}

// Close ends v's subscription.
func (s *Set) Close(ctx context.Context, v *View) error {
	id := v.Page().View
	s.mu.Lock()
	delete(s.views, id)
	s.mu.Unlock()
	return s.conn.Call(ctx, string(wire.ExplorerClose), wire.ViewParams{View: id}, nil)
}

// Wait returns when a view changed since the last Wait, with every view whole.
// It fails when ctx or the connection ends.
func (s *Set) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.conn.Done():
		return &problem.Error{
			Code: problem.Gone, Message: "the daemon ended the connection",
			Suggestions: []string{"run the command again", "pilothouse doctor"},
		}
	case <-s.woken:
	}
	for missed := s.missed(); len(missed) > 0; missed = s.missed() {
		for id, v := range missed {
			var page tree.Page
			if err := s.conn.Call(ctx, string(wire.ExplorerResync), wire.ViewParams{View: id}, &page); err != nil {
				return fmt.Errorf("asking for a view again: %w", err)
			}
			v.refresh(page)
		}
	}
	return nil
}

// missed are the views that missed a change.
func (s *Set) missed() map[string]*View {
	s.mu.Lock()
	defer s.mu.Unlock()
	missed := make(map[string]*View)
	for id, v := range s.views {
		if v.missed() {
			missed[id] = v
		}
	}
	return missed
}

// receive takes one change. One that cannot be read leaves a gap, which the next
// one shows.
func (s *Set) receive(params json.RawMessage) {
	var change tree.Change
	if json.Unmarshal(params, &change) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, known := s.views[change.View]
	if !known {
		if s.opening > 0 {
			s.early[change.View] = change
		}
		return
	}
	v.apply(change)
	s.wake()
}

// wake lets Wait return.
func (s *Set) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}
