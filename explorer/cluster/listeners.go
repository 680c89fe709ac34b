package cluster

import (
	"maps"
	"slices"
	"sync"
)

// listeners are functions to call after a change. The zero value is ready.
type listeners struct {
	mu   sync.Mutex
	next int
	all  map[int]func()
}

// add registers f until stop is called. A call under way may still end after stop.
func (l *listeners) add(f func()) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[int]func(){}
	}
	id := l.next
	l.next++
	l.all[id] = f
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.all, id)
	}
}

// call calls every listener, in the order of registration. No lock may be held.
func (l *listeners) call() {
	l.mu.Lock()
	ids := slices.Sorted(maps.Keys(l.all))
	functions := make([]func(), len(ids))
	for i, id := range ids {
		functions[i] = l.all[id]
	}
	l.mu.Unlock()
	for _, f := range functions {
		f()
	}
}
