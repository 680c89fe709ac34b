package server

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"pilothouse/explorer/cluster"
	"pilothouse/explorer/problem"
	"pilothouse/explorer/tree"
)

// fakeClusters are contexts and files in memory.
type fakeClusters struct {
	mu        sync.Mutex
	contexts  []cluster.Context
	files     []cluster.File
	listeners map[int]func()
	added     int
	retried   []string
}

func newFakeClusters() *fakeClusters {
	return &fakeClusters{
		contexts:  []cluster.Context{{ID: "kind", Name: "kind", Namespace: "default", File: "/config"}},
		files:     []cluster.File{{Path: "/config", Trusted: true}},
		listeners: map[int]func(){},
	}
}

func (f *fakeClusters) List() []cluster.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.contexts)
}

func (f *fakeClusters) Files() []cluster.File {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.files)
}

// brokenFile is a file that cannot be added.
const brokenFile = "/broken"

func (f *fakeClusters) UseFile(path string, trusted bool) error {
	if path == brokenFile {
		return f.AddFile(path, trusted)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.ContainsFunc(f.files, func(known cluster.File) bool { return known.Path == path }) {
		f.files = append(f.files, cluster.File{Path: path, Trusted: trusted})
	}
	return nil
}

func (f *fakeClusters) AddFile(path string, trusted bool) error {
	if path == brokenFile {
		return &problem.Error{
			Code: problem.KubeconfigInvalid, Message: "/broken cannot be read", Suggestions: []string{"mend it"},
		}
	}
	f.edit(func() { f.files = append(f.files, cluster.File{Path: path, Added: true, Trusted: trusted}) })
	return nil
}

func (f *fakeClusters) RemoveFile(path string) error {
	f.edit(func() {
		f.files = slices.DeleteFunc(f.files, func(one cluster.File) bool { return one.Path == path })
	})
	return nil
}

func (f *fakeClusters) SetNamespace(id, namespace string) error {
	i := slices.IndexFunc(f.contexts, func(c cluster.Context) bool { return c.ID == id })
	if i < 0 {
		return f.unknown(id)
	}
	f.edit(func() { f.contexts[i].Namespace = namespace })
	return nil
}

func (f *fakeClusters) edit(change func()) {
	f.mu.Lock()
	change()
	listeners := make([]func(), 0, len(f.listeners))
	for _, tell := range f.listeners {
		listeners = append(listeners, tell)
	}
	f.mu.Unlock()
	for _, tell := range listeners {
		tell()
	}
}

func (f *fakeClusters) OnChange(tell func()) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.added++
	id := f.added
	f.listeners[id] = tell
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.listeners, id)
	}
}

func (f *fakeClusters) Retry(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.retried = append(f.retried, id)
	return nil
}

func (f *fakeClusters) Reach(_ context.Context, id string) (string, error) {
	if id == "kind" {
		return "v1.36.3", nil
	}
	return "", f.unknown(id)
}

func (f *fakeClusters) Kinds(_ context.Context, id string, names []string) ([]cluster.Kind, error) {
	if len(names) > 0 && names[0] != "po" {
		return nil, &problem.Error{Code: problem.KindUnknown, Message: id + " serves no kind called " + names[0]}
	}
	return []cluster.Kind{{Version: "v1", Resource: "pods", Kind: "Pod", Namespaced: true, Verbs: []string{"list"}}}, nil
}

func (f *fakeClusters) unknown(id string) error {
	return &problem.Error{
		Code:        problem.ContextUnknown,
		Message:     "no kubeconfig file defines the context " + id,
		Tried:       "looking for " + id,
		Suggestions: []string{"pilothouse contexts lists those that are there"},
		Err:         fmt.Errorf("%s is not in /config", id),
	}
}

// fakeExplorer opens views whose rows a test changes. A node is the number of its rows.
type fakeExplorer struct {
	mu     sync.Mutex
	opened int
	views  map[string]*fakeView
}

func newFakeExplorer() *fakeExplorer { return &fakeExplorer{views: map[string]*fakeView{}} }

func (e *fakeExplorer) Open(ctx context.Context, q tree.Query) (View, error) {
	if q.Node == "slow" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	rows, err := strconv.Atoi(q.Node)
	if err != nil {
		return nil, &problem.Error{Code: problem.InvalidQuery, Message: "the node " + q.Node + " makes no sense"}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.opened++
	v := &fakeView{explorer: e, id: strconv.Itoa(e.opened), wake: make(chan struct{}, 1)}
	for i := range rows {
		v.rows = append(v.rows, tree.Row{ID: strconv.Itoa(i), Type: tree.NodeObject, Name: "row " + strconv.Itoa(i)})
	}
	e.views[v.id] = v
	return v, nil
}

// view gives an open view; nil when it is closed.
func (e *fakeExplorer) view(id string) *fakeView {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.views[id]
}

func (e *fakeExplorer) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.views)
}

// fakeView coalesces as a real one does: what changed since the last Next is one Change.
type fakeView struct {
	explorer *fakeExplorer
	id       string
	wake     chan struct{}

	mu     sync.Mutex
	rows   []tree.Row
	seq    uint64
	ops    []tree.Op
	limit  int
	pulled int
}

func (v *fakeView) ID() string { return v.id }

func (v *fakeView) Page() tree.Page {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seq++
	v.ops = nil
	return tree.Page{View: v.id, Seq: v.seq, Rows: slices.Clone(v.rows), Total: len(v.rows), State: tree.StateLive}
}

func (v *fakeView) Next(ctx context.Context) (tree.Change, error) {
	for {
		if change, ok := v.take(); ok {
			return change, nil
		}
		select {
		case <-v.wake:
		case <-ctx.Done():
			return tree.Change{}, ctx.Err()
		}
	}
}

func (v *fakeView) take() (change tree.Change, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.ops) == 0 {
		return change, false
	}
	v.seq++
	v.pulled++
	change = tree.Change{View: v.id, Seq: v.seq, Ops: v.ops, Total: len(v.rows), State: tree.StateLive}
	v.ops = nil
	return change, true
}

// pulls is how often a change was asked for and given.
func (v *fakeView) pulls() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.pulled
}

// change renames the first row.
func (v *fakeView) change(name string) {
	v.mu.Lock()
	v.rows[0].Name = name
	row := v.rows[0]
	v.ops = []tree.Op{{ID: row.ID, Row: &row}}
	v.mu.Unlock()
	v.wakeUp()
}

func (v *fakeView) SetLimit(n int) {
	v.mu.Lock()
	v.limit = n
	v.ops = append(v.ops, tree.Op{ID: "limit", Index: n})
	v.mu.Unlock()
	v.wakeUp()
}

func (v *fakeView) wakeUp() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

func (v *fakeView) Close() {
	v.explorer.mu.Lock()
	defer v.explorer.mu.Unlock()
	delete(v.explorer.views, v.id)
}
